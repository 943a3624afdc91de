//! The chunked transfer coding (RFC 9112, section 7.1), read only to know where the body ends.

use super::Malformed;

/// Where in the coding the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// In the size line, before its end; the digits so far are in `left`.
    #[default]
    Size,
    /// In the size line, after the digits.
    SizeEnd,
    /// In the data of a chunk, `left` bytes before its end.
    Data,
    /// Behind the data of a chunk.
    DataEnd,
    /// In the lines after the last chunk; an empty one ends the body.
    Trailer { empty: bool },
}

/// A chunked body in the middle of being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chunks {
    at: At,
    left: usize,
}

/// What came of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// All were taken, and the body goes on.
    All,
    /// The body ended with this many of them.
    Ended(usize),
}

impl Chunks {
    /// Takes bytes and hands each piece of the body's data to `data`.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut data: impl FnMut(&[u8]),
    ) -> Result<Fed, Malformed> {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            match self.at {
                At::Data => {
                    let (piece, after) = rest.split_at(self.left.min(rest.len()));
                    data(piece);
                    self.left -= piece.len();
                    rest = after;
                    if self.left == 0 {
                        self.at = At::DataEnd;
                    }
                    continue;
                }
                At::Trailer { empty: true } if byte == b'\n' => {
                    return Ok(Fed::Ended(bytes.len() - after.len()));
                }
                _ => self.step(byte)?,
            }
            rest = after;
        }
        Ok(Fed::All)
    }

    /// One byte outside of the data.
    fn step(&mut self, byte: u8) -> Result<(), Malformed> {
        self.at = match (self.at, byte) {
            (At::Size, b'\n') | (At::SizeEnd, b'\n') if self.left == 0 => {
                At::Trailer { empty: true }
            }
            (At::Size | At::SizeEnd, b'\n') => At::Data,
            (At::Size, b'\r' | b';') | (At::SizeEnd, _) => At::SizeEnd,
            (At::Size, digit) => {
                let digit = char::from(digit).to_digit(16).ok_or(Malformed::ChunkSize)?;
                let wider = self.left.checked_mul(16).ok_or(Malformed::ChunkSize)?;
                self.left = wider + digit as usize;
                At::Size
            }
            (At::DataEnd, b'\r') => At::DataEnd,
            (At::DataEnd, b'\n') => At::Size,
            (At::DataEnd, _) => return Err(Malformed::ChunkEnd),
            (At::Trailer { .. }, b'\n') => At::Trailer { empty: true },
            (At::Trailer { empty }, b'\r') => At::Trailer { empty },
            (At::Trailer { .. }, _) => At::Trailer { empty: false },
            (At::Data, _) => At::Data,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"4\r\nwiki\r\n1A;note=x\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n";

    #[test]
    fn any_cut_gives_the_same_data_and_the_same_end() {
        for cut in 0..BODY.len() {
            let (first, second) = BODY.split_at(cut);
            let (mut chunks, mut data) = (Chunks::default(), Vec::new());
            let fed = chunks
                .feed(first, |piece| data.extend_from_slice(piece))
                .unwrap();
            assert_eq!(fed, Fed::All, "{cut}");
            let fed = chunks
                .feed(second, |piece| data.extend_from_slice(piece))
                .unwrap();
            assert_eq!(fed, Fed::Ended(second.len()), "{cut}");
            assert_eq!(data, b"wikiabcdefghijklmnopqrstuvwxyz", "{cut}");
        }
    }

    #[test]
    fn trailers_are_passed_over_and_what_follows_is_left() {
        let fed = Chunks::default()
            .feed(b"0\r\nx-a: b\r\n\r\nHTTP", |_| ())
            .unwrap();
        assert_eq!(fed, Fed::Ended(13));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        assert_eq!(
            Chunks::default().feed(b"zz\r\n", |_| ()),
            Err(Malformed::ChunkSize)
        );
        assert_eq!(
            Chunks::default().feed(b"1\r\nab", |_| ()),
            Err(Malformed::ChunkEnd)
        );
    }
}
