//! Frames as messages, from bytes that may be cut anywhere.

use super::encode::apply_mask;
use super::{End, Farewell, Message, Opcode, may_travel};

/// How the other end broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A rule of RFC 6455 is broken: close with 1002.
    #[error("{0}")]
    Protocol(&'static str),
    /// Text that is none: close with 1007.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A message larger than may be: close with 1009.
    #[error("the message is larger than {most} bytes")]
    TooLarge {
        /// How many may be.
        most: usize,
    },
}

/// What stands before a frame's payload.
#[derive(Clone, Copy, Debug)]
struct Head {
    is_final: bool,
    opcode: Opcode,
    mask: Option<[u8; 4]>,
    /// Where the payload begins and ends, from the frame's first byte.
    payload: (usize, usize),
}

/// Reads messages of the other end. After a [`Flaw`] nothing more can be read.
#[derive(Debug)]
pub struct Decoder {
    end: End,
    most: usize,
    buffer: Vec<u8>,
    /// A message of which pieces came.
    pieces: Option<(Opcode, Vec<u8>)>,
}

impl Decoder {
    /// For whoever is at this `end`, and reads messages of at most `most` bytes.
    #[must_use]
    pub const fn new(end: End, most: usize) -> Self {
        Self {
            end,
            most,
            buffer: Vec::new(),
            pieces: None,
        }
    }

    /// Takes bytes as they came. Not more is kept than one message and what came with it.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message; `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// [`Flaw`].
    pub fn next_message(&mut self) -> Result<Option<Message>, Flaw> {
        while let Some(head) = self.head()? {
            let (from, to) = head.payload;
            if self.buffer.len() < to {
                return Ok(None);
            }
            let mut payload: Vec<u8> = self.buffer.get(from..to).unwrap_or_default().to_vec();
            if let Some(mask) = head.mask {
                apply_mask(&mut payload, mask);
            }
            self.forget(to);
            if let Some(message) = self.take(head, payload)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// A quiet connection gives its buffer back.
    fn forget(&mut self, consumed: usize) {
        self.buffer.drain(..consumed);
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }

    /// The head of the frame that the buffer begins with; `None` when it is not complete.
    fn head(&self) -> Result<Option<Head>, Flaw> {
        let Some((first, rest)) = self.buffer.split_first() else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(Flaw::Protocol(
                "a reserved bit is set, and no extension was agreed on",
            ));
        }
        let opcode = Opcode::of(first & 0x0f).ok_or(Flaw::Protocol("the opcode is reserved"))?;
        let is_final = first & 0x80 != 0;
        let Some((second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        let is_masked = second & 0x80 != 0;
        match (self.end, is_masked) {
            (End::Server, false) => return Err(Flaw::Protocol("a client's frame is not masked")),
            (End::Client, true) => return Err(Flaw::Protocol("a server's frame is masked")),
            _ => {}
        }
        let short = second & 0x7f;
        if opcode.is_control() && (!is_final || short > 125) {
            return Err(Flaw::Protocol("a control frame is in pieces or too large"));
        }
        let Some((length, used)) = length(short, rest)? else {
            return Ok(None);
        };
        self.admit(opcode, length)?;
        let Some(rest) = rest.get(used..) else {
            return Ok(None);
        };
        let mask = match (is_masked, rest.first_chunk::<4>()) {
            (false, _) => None,
            (true, Some(mask)) => Some(*mask),
            (true, None) => return Ok(None),
        };
        let from = 2 + used + if is_masked { 4 } else { 0 };
        Ok(Some(Head {
            is_final,
            opcode,
            mask,
            payload: (from, from + length),
        }))
    }

    /// Whether such a frame may come now, known before its payload is.
    fn admit(&self, opcode: Opcode, length: usize) -> Result<(), Flaw> {
        let before = match (opcode, &self.pieces) {
            (Opcode::Continuation, None) => {
                return Err(Flaw::Protocol("there is no message that goes on"));
            }
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(Flaw::Protocol("a message begins inside another"));
            }
            (Opcode::Continuation, Some((_, pieces))) => pieces.len(),
            _ => 0,
        };
        if before.saturating_add(length) > self.most.max(125) {
            return Err(Flaw::TooLarge { most: self.most });
        }
        Ok(())
    }

    /// A whole frame came.
    fn take(&mut self, head: Head, payload: Vec<u8>) -> Result<Option<Message>, Flaw> {
        let message = match head.opcode {
            Opcode::Ping => Message::Ping(payload),
            Opcode::Pong => Message::Pong(payload),
            Opcode::Close => Message::Close(farewell(&payload)?),
            opcode @ (Opcode::Text | Opcode::Binary) if head.is_final => whole(opcode, payload)?,
            opcode @ (Opcode::Text | Opcode::Binary) => {
                self.pieces = Some((opcode, payload));
                return Ok(None);
            }
            Opcode::Continuation => {
                let Some((opcode, mut pieces)) = self.pieces.take() else {
                    return Ok(None);
                };
                pieces.extend(payload);
                if !head.is_final {
                    self.pieces = Some((opcode, pieces));
                    return Ok(None);
                }
                whole(opcode, pieces)?
            }
        };
        Ok(Some(message))
    }
}

/// The payload's length, and how many bytes said it; `None` when some of them are missing.
fn length(short: u8, rest: &[u8]) -> Result<Option<(usize, usize)>, Flaw> {
    const WASTEFUL: Flaw = Flaw::Protocol("a length is not written as short as it can be");
    match short {
        126 => {
            let Some(bytes) = rest.first_chunk::<2>() else {
                return Ok(None);
            };
            let length = u16::from_be_bytes(*bytes);
            if length < 126 {
                return Err(WASTEFUL);
            }
            Ok(Some((usize::from(length), 2)))
        }
        127 => {
            let Some(bytes) = rest.first_chunk::<8>() else {
                return Ok(None);
            };
            let length = u64::from_be_bytes(*bytes);
            if length <= u64::from(u16::MAX) {
                return Err(WASTEFUL);
            }
            if length >> 63 != 0 {
                return Err(Flaw::Protocol("the highest bit of a length is set"));
            }
            Ok(Some((usize::try_from(length).unwrap_or(usize::MAX), 8)))
        }
        short => Ok(Some((usize::from(short), 0))),
    }
}

fn whole(opcode: Opcode, payload: Vec<u8>) -> Result<Message, Flaw> {
    if opcode == Opcode::Binary {
        return Ok(Message::Binary(payload));
    }
    let text = String::from_utf8(payload).map_err(|_| Flaw::NotUtf8)?;
    Ok(Message::Text(text))
}

fn farewell(payload: &[u8]) -> Result<Option<Farewell>, Flaw> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return match payload {
            [] => Ok(None),
            _ => Err(Flaw::Protocol("a close code has two bytes")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !may_travel(code) {
        return Err(Flaw::Protocol("such a close code may not travel"));
    }
    let reason = std::str::from_utf8(reason).map_err(|_| Flaw::NotUtf8)?;
    Ok(Some(Farewell {
        code,
        reason: reason.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{close_frame, frame};
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 1_000;

    fn server() -> Decoder {
        Decoder::new(End::Server, MOST)
    }

    fn all(decoder: &mut Decoder, bytes: &[u8]) -> Result<Vec<Message>, Flaw> {
        decoder.feed(bytes);
        let mut messages = Vec::new();
        while let Some(message) = decoder.next_message()? {
            messages.push(message);
        }
        Ok(messages)
    }

    fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        frame(opcode, payload, Some([1, 2, 3, 4]), &mut out);
        out
    }

    /// The examples of RFC 6455 §5.7.
    #[test]
    fn the_examples_of_the_standard_are_read() {
        let hello = |text: &str| Ok(vec![Message::Text(text.into())]);
        let mut client = Decoder::new(End::Client, 100_000);
        let unmasked = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
        assert_eq!(all(&mut client, &unmasked), hello("Hello"));
        let pieces = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
        assert_eq!(all(&mut client, &pieces), hello("Hello"));
        let masked = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(all(&mut server(), &masked), hello("Hello"));
        let mut long = vec![0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0];
        long.extend(vec![7; 65_536]);
        let read = all(&mut client, &long).unwrap();
        assert_eq!(read, [Message::Binary(vec![7; 65_536])]);
    }

    #[test]
    fn what_breaks_the_protocol_is_refused_at_its_first_byte() {
        let cases: [(&str, &[u8]); 12] = [
            ("a reserved bit", &[0xc1]),
            ("a reserved opcode", &[0x83]),
            ("a reserved control opcode", &[0x8b]),
            ("a frame that is not masked", &[0x81, 0x05]),
            ("a ping in pieces", &[0x09, 0x80]),
            ("a ping that is too large", &[0x89, 0xfe]),
            ("a continuation of nothing", &[0x80, 0x80]),
            ("a wasteful length", &[0x81, 0xfe, 0, 125]),
            (
                "a very wasteful length",
                &[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
            ),
            (
                "a negative length",
                &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0],
            ),
            ("half a close code", &[0x88, 0x81, 0, 0, 0, 0, 3]),
            (
                "a close code that may not travel",
                &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed],
            ),
        ];
        for (what, bytes) in cases {
            let outcome = all(&mut server(), bytes);
            assert!(
                matches!(outcome, Err(Flaw::Protocol(_))),
                "{what}: {outcome:?}"
            );
        }
        let mut begun = masked(Opcode::Text, b"a");
        begun[0] &= 0x7f;
        begun.extend(masked(Opcode::Text, b"b"));
        assert!(matches!(all(&mut server(), &begun), Err(Flaw::Protocol(_))));
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_kept() {
        let too_large = Err(Flaw::TooLarge { most: MOST });
        assert_eq!(all(&mut server(), &[0x81, 0xfe, 0x03, 0xe9]), too_large);
        let huge = [0x81, 0xff, 0, 0xff, 0, 0, 0, 0, 0, 0];
        assert_eq!(all(&mut server(), &huge), too_large);
        let mut pieces = server();
        for _ in 0..2 {
            let mut piece = masked(Opcode::Text, &[b'a'; 400]);
            piece[0] = if pieces.pieces.is_none() { 0x01 } else { 0x00 };
            assert_eq!(all(&mut pieces, &piece), Ok(vec![]));
        }
        let mut last = masked(Opcode::Continuation, &[b'a'; 400]);
        last[0] = 0x80;
        assert_eq!(all(&mut pieces, &last), too_large);
    }

    #[test]
    fn text_and_reasons_are_utf8() {
        assert_eq!(
            all(&mut server(), &masked(Opcode::Text, &[0xff])),
            Err(Flaw::NotUtf8)
        );
        let close = masked(Opcode::Close, &[0x03, 0xe8, 0xff]);
        assert_eq!(all(&mut server(), &close), Err(Flaw::NotUtf8));
    }

    #[test]
    fn a_reason_is_cut_where_a_character_ends() {
        let mut out = Vec::new();
        close_frame(4001, &"ü".repeat(100), None, &mut out);
        let read = all(&mut Decoder::new(End::Client, MOST), &out).unwrap();
        let [Message::Close(Some(farewell))] = read.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!((farewell.code, farewell.reason.len()), (4001, 122));
    }

    #[test]
    fn a_quiet_connection_holds_no_buffer() {
        let mut decoder = server();
        all(&mut decoder, &masked(Opcode::Text, &[b'a'; 900])).unwrap();
        assert_eq!(decoder.buffer.capacity(), 0);
    }

    proptest! {
        /// What was written is read again, wherever the bytes are cut, with pings between the pieces.
        #[test]
        fn messages_survive_any_cut(texts in prop::collection::vec(".{0,60}", 0..6), cut in 1..9_usize, mask: [u8; 4]) {
            let (mut bytes, mut expected) = (Vec::new(), Vec::new());
            for text in &texts {
                let (one, two) = text.as_bytes().split_at(text.len() / 2);
                frame(Opcode::Text, one, Some(mask), &mut bytes);
                let head = bytes.len() - one.len() - 6 ;
                bytes[head] &= 0x7f;
                frame(Opcode::Ping, b"x", Some(mask), &mut bytes);
                frame(Opcode::Continuation, two, Some(mask), &mut bytes);
                expected.push(Message::Ping(b"x".to_vec()));
                expected.push(Message::Text(text.clone()));
            }
            let (mut decoder, mut read) = (server(), Vec::new());
            for piece in bytes.chunks(cut) {
                read.extend(all(&mut decoder, piece).unwrap());
            }
            prop_assert_eq!(read, expected);
        }

        /// Noise is refused or waited for; it never panics and never fills the memory.
        #[test]
        fn noise_is_bounded(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut decoder = server();
            for piece in bytes.chunks(7) {
                if all(&mut decoder, piece).is_err() {
                    break;
                }
                prop_assert!(decoder.buffer.len() <= MOST + 14);
            }
        }
    }
}
