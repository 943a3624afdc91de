//! One HTTP/1.1 message, request or answer, read from whatever pieces arrive.

use super::chunks::{Chunks, Fed};
use memchr::memmem;
use std::fmt;

/// How much of a body's opening is kept.
const OPENING: usize = 64;
const LONGEST_HEAD: usize = 64 * 1024;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To a server; without a length it has no body.
    Request,
    /// From a server; without a length it cannot be read here.
    Answer,
}

/// Whether the message is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More is to come.
    Partial,
    /// It is whole.
    Done,
}

/// Why bytes are no message that is understood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// No end of the head in 64 KiB.
    LongHead,
    /// An answer without a length.
    NoLength,
    /// A chunk's size is no hexadecimal number.
    ChunkSize,
    /// A chunk is longer than it says.
    ChunkEnd,
    /// Bytes behind the end; nobody here sends two messages at once.
    Trailing,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LongHead => "a head of more than 64 KiB",
            Self::NoLength => "an answer without a length",
            Self::ChunkSize => "a chunk without a size",
            Self::ChunkEnd => "a chunk longer than it says",
            Self::Trailing => "bytes behind the end of a message",
        })
    }
}

impl std::error::Error for Malformed {}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Head,
    Sized { left: u64 },
    Chunked(Chunks),
}

/// A message in the middle of being read.
#[derive(Debug)]
pub(crate) struct MessageReader {
    kind: Kind,
    stage: Stage,
    /// The head so far, when it came in pieces.
    head: Vec<u8>,
    status: u16,
    opening: Vec<u8>,
    body_bytes: u64,
}

impl MessageReader {
    /// Nothing read yet.
    pub(crate) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            stage: Stage::Head,
            head: Vec::new(),
            status: 0,
            opening: Vec::new(),
            body_bytes: 0,
        }
    }

    /// Forgets the message; the next one begins.
    pub(crate) fn restart(&mut self) {
        self.stage = Stage::Head;
        self.head.clear();
        self.opening.clear();
        self.status = 0;
        self.body_bytes = 0;
    }

    /// An answer's status; zero for a request.
    pub(crate) const fn status(&self) -> u16 {
        self.status
    }

    /// The first 64 bytes of the body, as far as they came.
    pub(crate) fn opening(&self) -> &[u8] {
        &self.opening
    }

    /// How many bytes of body have come.
    pub(crate) const fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Takes bytes; after `Done` it wants a restart.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<Progress, Malformed> {
        match self.stage {
            Stage::Head if self.head.is_empty() => match head_end(bytes) {
                Some(end) => {
                    let (head, body) = bytes.split_at(end);
                    self.begin_body(head)?;
                    self.feed_body(body)
                }
                None => self.keep_head(bytes),
            },
            Stage::Head => {
                let before = self.head.len();
                self.keep_head(bytes)?;
                let Some(end) = head_end(&self.head) else {
                    return Ok(Progress::Partial);
                };
                let head = std::mem::take(&mut self.head);
                self.begin_body(head.get(..end).unwrap_or(&head))?;
                self.feed_body(bytes.get(end - before..).unwrap_or_default())
            }
            Stage::Sized { .. } | Stage::Chunked(_) => self.feed_body(bytes),
        }
    }

    fn keep_head(&mut self, bytes: &[u8]) -> Result<Progress, Malformed> {
        self.head.extend_from_slice(bytes);
        if self.head.len() > LONGEST_HEAD {
            return Err(Malformed::LongHead);
        }
        Ok(Progress::Partial)
    }

    fn begin_body(&mut self, head: &[u8]) -> Result<(), Malformed> {
        self.status = status(head);
        self.stage = match framing(head) {
            Some(Framing::Length(left)) => Stage::Sized { left },
            Some(Framing::Chunked) => Stage::Chunked(Chunks::default()),
            None if self.kind == Kind::Request => Stage::Sized { left: 0 },
            None => return Err(Malformed::NoLength),
        };
        Ok(())
    }

    fn feed_body(&mut self, bytes: &[u8]) -> Result<Progress, Malformed> {
        let mut stage = self.stage;
        let progress = match &mut stage {
            Stage::Head => Progress::Partial,
            Stage::Sized { left } => {
                let came = bytes.len() as u64;
                if came > *left {
                    return Err(Malformed::Trailing);
                }
                self.keep_opening(bytes);
                *left -= came;
                if *left == 0 {
                    Progress::Done
                } else {
                    Progress::Partial
                }
            }
            Stage::Chunked(chunks) => match chunks.feed(bytes, |piece| self.keep_opening(piece))? {
                Fed::All => Progress::Partial,
                Fed::Ended(end) if end == bytes.len() => Progress::Done,
                Fed::Ended(_) => return Err(Malformed::Trailing),
            },
        };
        self.stage = stage;
        Ok(progress)
    }

    fn keep_opening(&mut self, piece: &[u8]) {
        self.body_bytes += piece.len() as u64;
        let room = OPENING - self.opening.len();
        self.opening.extend(piece.iter().take(room));
    }
}

/// Where the head ends, its empty line included.
fn head_end(bytes: &[u8]) -> Option<usize> {
    memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// `HTTP/1.1 200 OK`, or zero.
fn status(head: &[u8]) -> u16 {
    head.strip_prefix(b"HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

enum Framing {
    Length(u64),
    Chunked,
}

fn framing(head: &[u8]) -> Option<Framing> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        if let Some(value) = value(line, b"content-length:") {
            let digits = std::str::from_utf8(value).ok()?;
            return digits.parse().ok().map(Framing::Length);
        }
        let value = value(line, b"transfer-encoding:")?;
        value
            .eq_ignore_ascii_case(b"chunked")
            .then_some(Framing::Chunked)
    })
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (found, value) = line.split_at_checked(name.len())?;
    found.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, message: &[u8], cut: usize) -> (MessageReader, Progress) {
        let mut reader = MessageReader::new(kind);
        let (first, second) = message.split_at(cut);
        let mut progress = reader.feed(first).unwrap();
        if !second.is_empty() {
            assert_eq!(progress, Progress::Partial, "{cut}");
            progress = reader.feed(second).unwrap();
        }
        (reader, progress)
    }

    #[test]
    fn a_sized_answer_is_whole_however_it_is_cut() {
        let message = b"HTTP/1.1 429 Too Many\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
        for cut in 1..message.len() {
            let (reader, progress) = read(Kind::Answer, message, cut);
            assert_eq!(progress, Progress::Done);
            assert_eq!((reader.status(), reader.body_bytes()), (429, 5));
            assert_eq!(reader.opening(), b"hello");
        }
    }

    #[test]
    fn a_chunked_answer_is_whole_however_it_is_cut() {
        let message = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        for cut in 1..message.len() {
            let (reader, progress) = read(Kind::Answer, message, cut);
            assert_eq!((progress, reader.status()), (Progress::Done, 200));
            assert_eq!(reader.opening(), b"abc");
        }
    }

    #[test]
    fn a_reader_is_used_again() {
        let message = b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
        let (mut reader, _) = read(Kind::Request, message, 3);
        reader.restart();
        assert_eq!(reader.feed(b"GET / HTTP/1.1\r\n\r\n"), Ok(Progress::Done));
        assert_eq!(reader.opening(), b"");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let fed = |bytes: &[u8]| MessageReader::new(Kind::Answer).feed(bytes);
        assert_eq!(fed(b"HTTP/1.1 200 OK\r\n\r\n"), Err(Malformed::NoLength));
        assert_eq!(
            fed(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab"),
            Err(Malformed::Trailing)
        );
    }
}
