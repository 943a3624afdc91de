//! Looks at the lines of a request's head as they come in: each must end in CR LF, and one field alone may say where the
//! body ends.
//!
//! The parser behind it also takes a bare LF for the end of a line (RFC 9112 §2.2 allows that), and a length beside a
//! transfer coding, which it drops (§6.3 allows that). A proxy in front that does not would have read other header fields,
//! or another end of the head or the body, than the plane does: so requests are smuggled. Such a line's end is therefore
//! turned into a byte that no head may have, and the parser refuses it with 400.

/// A byte that is valid nowhere in a head.
const INVALID: u8 = 0;

/// The names of the fields that say where a body ends, the longest last.
const LENGTH: &[u8] = b"content-length:";
const CODING: &[u8; 18] = b"transfer-encoding:";

/// What says where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length,
    Coding,
}

/// Where in a head the bytes are that come next.
#[derive(Clone, Copy, Debug)]
pub(super) struct StrictHead {
    /// The last byte.
    last: u8,
    /// How many bytes the line has so far.
    length: usize,
    /// The first of them, as many as tell the fields of interest.
    begins: [u8; CODING.len()],
    /// What a line above said.
    framing: Option<Framing>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing but empty lines, which may precede a request (RFC 9112 §2.2).
    Before,
    Inside,
    /// What comes is none of a head's.
    After,
}

impl StrictHead {
    /// At the beginning of a head.
    pub(super) const fn begin() -> Self {
        Self {
            last: 0,
            length: 0,
            begins: [0; CODING.len()],
            framing: None,
            stage: Stage::Before,
        }
    }

    /// Reads on, and spoils each bare LF, and each line that contradicts another, up to the end of the head.
    pub(super) fn look_at(&mut self, bytes: &mut [u8]) {
        let mut from = 0;
        while self.stage != Stage::After {
            let Some(rest) = bytes.get_mut(from..).filter(|rest| !rest.is_empty()) else {
                return;
            };
            let Some(at) = memchr::memchr(b'\n', rest) else {
                self.within_line(rest);
                return;
            };
            let (line, end) = rest.split_at_mut(at);
            self.within_line(line);
            if self.last == b'\r' && !self.contradicts() {
                self.line_ends();
            } else if let Some(end) = end.first_mut() {
                *end = INVALID;
                self.length += 1;
            }
            self.last = b'\n';
            from += at + 1;
        }
    }

    /// A part of a line, without its LF.
    fn within_line(&mut self, part: &[u8]) {
        if let Some(last) = part.last() {
            let room = self.begins.get_mut(self.length..).unwrap_or_default();
            room.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            self.length += part.len();
            self.last = *last;
        }
    }

    /// Whether the line says in another way than one above where the body ends.
    fn contradicts(&mut self) -> bool {
        let Some(said) = self.framing() else {
            return false;
        };
        let before = self.framing.replace(said);
        before.is_some_and(|before| before != said)
    }

    /// What the line says of that.
    fn framing(&self) -> Option<Framing> {
        let line = self.begins.get(..self.length).unwrap_or(&self.begins);
        let is_named = |name: &[u8]| {
            line.get(..name.len())
                .is_some_and(|begins| begins.eq_ignore_ascii_case(name))
        };
        match line.first()?.to_ascii_lowercase() {
            b'c' if is_named(LENGTH) => Some(Framing::Length),
            b't' if is_named(CODING) => Some(Framing::Coding),
            _ => None,
        }
    }

    fn line_ends(&mut self) {
        let is_empty = self.length == 1;
        self.stage = match (self.stage, is_empty) {
            (Stage::Before, true) => Stage::Before,
            (Stage::Inside, true) | (Stage::After, _) => Stage::After,
            (_, false) => Stage::Inside,
        };
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The bytes as the parser gets them, read in pieces of `size`.
    fn passed(text: &str, size: usize) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let mut head = StrictHead::begin();
        for piece in bytes.chunks_mut(size) {
            head.look_at(piece);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_bare_lf_is_spoiled_wherever_it_stands_in_a_head() {
        for (sent, parsed) in [
            ("G / H\r\nA: b\r\n\r\n", "G / H\r\nA: b\r\n\r\n"),
            ("\r\n\r\nG / H\r\n\r\n", "\r\n\r\nG / H\r\n\r\n"),
            ("\nG / H\r\n\r\n", "\0G / H\r\n\r\n"),
            ("G / H\nA: b\r\n\r\n", "G / H\0A: b\r\n\r\n"),
            ("G / H\r\nA: b\nC: d\r\n\r\n", "G / H\r\nA: b\0C: d\r\n\r\n"),
            (
                "G / H\r\nA: b\n\nPOST\r\n\r\n",
                "G / H\r\nA: b\0\0POST\r\n\r\n",
            ),
            (
                "G / H\r\nA: b\r\n\nPOST\r\n\r\n",
                "G / H\r\nA: b\r\n\0POST\r\n\r\n",
            ),
        ] {
            for size in 1..=sent.len() {
                assert_eq!(passed(sent, size), parsed, "{sent:?} by {size}");
            }
        }
    }

    #[test]
    fn a_body_has_a_length_or_a_coding() {
        for (sent, parsed) in [
            (
                "P / H\r\nContent-Length: 5\r\nContent-Length: 5\r\nA: b\r\n\r\n",
                "P / H\r\nContent-Length: 5\r\nContent-Length: 5\r\nA: b\r\n\r\n",
            ),
            (
                "P / H\r\nTransfer-Encoding: chunked\r\nX-Content-Length: 5\r\nContent-Length-X: 5\r\nC: d\r\n\r\n",
                "P / H\r\nTransfer-Encoding: chunked\r\nX-Content-Length: 5\r\nContent-Length-X: 5\r\nC: d\r\n\r\n",
            ),
            (
                "P / H\r\ncontent-length:5\r\nA: b\r\nTRANSFER-encoding: chunked\r\n\r\n",
                "P / H\r\ncontent-length:5\r\nA: b\r\nTRANSFER-encoding: chunked\r\0\r\n",
            ),
            (
                "P / H\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\nA: b\r\n\r\n",
                "P / H\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\0A: b\r\n\r\n",
            ),
            (
                "P / H\r\nContent-Length: 40\r\n\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n",
                "P / H\r\nContent-Length: 40\r\n\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n",
            ),
        ] {
            for size in 1..=sent.len() {
                assert_eq!(passed(sent, size), parsed, "{sent:?} by {size}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_follows_the_head_is_left_alone(
            lines in prop::collection::vec("[a-z: \t]{1,20}", 1..8),
            body in "[a\r\n]{0,60}",
            size in 1..40_usize,
        ) {
            let text = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
            prop_assert_eq!(passed(&text, size), text);
        }

        #[test]
        fn no_head_that_is_passed_on_has_a_bare_lf(text in "[a:\r\n]{0,60}", size in 1..20_usize) {
            let passed = passed(&text, size);
            let begun = passed.trim_start_matches("\r\n");
            let head = begun.split("\r\n\r\n").next().unwrap_or_default();
            prop_assert!(!head.replace("\r\n", "").contains('\n'), "{:?}", passed);
        }
    }
}
