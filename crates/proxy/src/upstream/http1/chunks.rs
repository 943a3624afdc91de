//! The chunked coding of bodies (RFC 9112, 7.1), read strictly.

use super::super::fault::BrokenAnswer;
use bytes::{Buf, Bytes};

/// Length of the line with a chunk's size, extensions included, in bytes.
const LINE_BYTES: usize = 4 * 1024;
/// Length of all trailers, which nobody reads, in bytes.
const TRAILER_BYTES: usize = 16 * 1024;
/// The shortest end of a body after its last chunk's bytes.
const END: &[u8] = b"\r\n0\r\n\r\n";

/// Where in a chunked body we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Chunks {
    /// Before the line with a size.
    #[default]
    Size,
    /// In a chunk with so many bytes to come.
    Data(u64),
    /// Before the line end that follows a chunk's bytes.
    DataEnd,
    /// Among the trailers, of which so many bytes have passed.
    Trailers(usize),
}

/// What the bytes at hand give.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Bytes of the body; never none.
    Piece(Bytes),
    /// Too little to go on.
    Short,
    /// The body is over.
    End,
}

impl Chunks {
    /// Takes the next piece out of `arrived`.
    pub(super) fn read(&mut self, arrived: &mut Bytes) -> Result<Read, BrokenAnswer> {
        loop {
            match self {
                Self::Size => {
                    let Some(line) = line(arrived, LINE_BYTES)? else {
                        return Ok(Read::Short);
                    };
                    *self = match size(line)? {
                        0 => Self::Trailers(0),
                        size => Self::Data(size),
                    };
                    let passed = line.len() + 2;
                    arrived.advance(passed);
                }
                Self::Data(left) => {
                    if arrived.is_empty() {
                        return Ok(Read::Short);
                    }
                    let taken = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(arrived.len());
                    *left -= u64::try_from(taken).unwrap_or(*left);
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    return Ok(Read::Piece(arrived.split_to(taken)));
                }
                Self::DataEnd => {
                    let Some(end) = arrived.get(..2) else {
                        return Ok(Read::Short);
                    };
                    if end != b"\r\n" {
                        return Err(BrokenAnswer::Chunks);
                    }
                    arrived.advance(2);
                    *self = Self::Size;
                }
                Self::Trailers(passed) => {
                    let Some(line) = line(arrived, TRAILER_BYTES - *passed)? else {
                        return Ok(Read::Short);
                    };
                    let length = line.len();
                    arrived.advance(length + 2);
                    if length == 0 {
                        return Ok(Read::End);
                    }
                    *passed = (*passed + length + 2).min(TRAILER_BYTES);
                }
            }
        }
    }

    /// Whether nothing but the end is in `arrived`, so that it need not be asked for.
    pub(super) fn is_at_end(&self, arrived: &[u8]) -> bool {
        *self == Self::DataEnd && arrived == END
    }
}

/// The first line, without its end; `None` when it has none yet.
fn line(arrived: &[u8], limit: usize) -> Result<Option<&[u8]>, BrokenAnswer> {
    let Some(end) = memchr::memchr(b'\n', arrived) else {
        return if arrived.len() > limit {
            Err(BrokenAnswer::Chunks)
        } else {
            Ok(None)
        };
    };
    let line = arrived.get(..end).and_then(|line| line.strip_suffix(b"\r"));
    match line {
        Some(line) if end <= limit => Ok(Some(line)),
        _ => Err(BrokenAnswer::Chunks),
    }
}

/// The size in front of the extensions, which nobody uses.
fn size(line: &[u8]) -> Result<u64, BrokenAnswer> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let digits = digits.trim_ascii_end();
    // Fifteen digits are an exabyte less than what fits, and nobody pads a size.
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(BrokenAnswer::Chunks);
    }
    let text = std::str::from_utf8(digits).map_err(|_| BrokenAnswer::Chunks)?;
    u64::from_str_radix(text, 16).map_err(|_| BrokenAnswer::Chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body that comes in pieces of `step` bytes: what it holds, and whether it ended with what was left over.
    fn read(body: &[u8], step: usize) -> Result<(Vec<u8>, Option<Vec<u8>>), String> {
        let (mut chunks, mut arrived, mut whole) = (Chunks::default(), Bytes::new(), Vec::new());
        let mut coming = body.chunks(step);
        loop {
            match chunks
                .read(&mut arrived)
                .map_err(|error| error.to_string())?
            {
                Read::Piece(piece) => {
                    assert!(!piece.is_empty());
                    whole.extend_from_slice(&piece);
                }
                Read::End => {
                    let rest = [arrived.to_vec(), coming.flatten().copied().collect()].concat();
                    return Ok((whole, Some(rest)));
                }
                Read::Short => match coming.next() {
                    Some(more) => arrived = [&arrived, more].concat().into(),
                    None => return Ok((whole, None)),
                },
            }
        }
    }

    #[test]
    fn chunks_are_read_however_they_are_cut() {
        let body =
            b"5\r\nhello\r\n0A;ext=\"a\"\r\n, world, a\r\n1 \r\n!\r\n0\r\nx-trailer: 1\r\n\r\nrest";
        for step in 1..body.len() {
            let (whole, rest) = read(body, step).unwrap();
            assert_eq!(whole, b"hello, world, a!", "step {step}");
            assert_eq!(rest.unwrap(), b"rest", "step {step}");
        }
    }

    #[test]
    fn a_body_without_its_last_line_has_not_ended() {
        let body = b"5\r\nhello\r\n0\r\n\r\n";
        for length in 0..body.len() {
            assert_eq!(read(&body[..length], 3).unwrap().1, None, "{length} bytes");
        }
        assert_eq!(read(body, 3).unwrap().1, Some(Vec::new()));
    }

    #[test]
    fn what_programs_read_differently_is_refused() {
        let long = [b"1;".as_slice(), &[b'x'; LINE_BYTES], b"\r\na\r\n"].concat();
        let trailers = [b"0\r\n".as_slice(), &b"a: b\r\n".repeat(TRAILER_BYTES)].concat();
        let bad: [&[u8]; 13] = [
            b"5\nhello\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"5\r\nhelloX\r\n",
            b"-5\r\nhello\r\n",
            b"+5\r\nhello\r\n",
            b" 5\r\nhello\r\n",
            b"0x5\r\nhello\r\n",
            b"\r\nhello\r\n",
            b";a\r\nhello\r\n",
            b"1000000000000000\r\nhello\r\n",
            b"5 5\r\nhello\r\n",
            &long,
            &trailers,
        ];
        for body in bad {
            for step in [1, 2, 7, body.len()] {
                let text = String::from_utf8_lossy(&body[..body.len().min(40)]);
                assert!(read(body, step).is_err(), "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn the_end_that_is_at_hand_is_seen_without_asking_for_it() {
        let (mut chunks, mut arrived) = (
            Chunks::default(),
            Bytes::from_static(b"1\r\na\r\n0\r\n\r\n"),
        );
        assert_eq!(
            chunks.read(&mut arrived).unwrap(),
            Read::Piece(Bytes::from_static(b"a"))
        );
        assert!(chunks.is_at_end(&arrived));
        assert!(!chunks.is_at_end(b"\r\n0\r\n\r\nmore"));
    }
}
