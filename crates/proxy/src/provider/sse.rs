//! Server-sent events, split out of a byte stream that may be cut anywhere.
//!
//! Every byte that goes in comes out again, in order, as the raw bytes of some event or as the rest: what is relayed is
//! what the upstream sent. An event that lies inside one chunk is a slice of it; only one that is cut is copied, once.
//! Lines end in `\n`, `\r\n` or `\r`, fields are as in the HTML standard. What an event means is in [`super::phase`].

use bytes::{Bytes, BytesMut};
use memchr::{memchr, memchr2};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

/// The largest event that is held back to find its end, in bytes.
pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// How the first line of a stream begins.
const BEGINNINGS: [&[u8]; 3] = [b"data:", b"event:", b":"];

/// Whether a body begins as streams do; `None` when more of it is needed to know.
#[must_use]
pub fn begins(body: &[u8]) -> Option<bool> {
    if BEGINNINGS
        .iter()
        .any(|beginning| body.starts_with(beginning))
    {
        return Some(true);
    }
    let may_begin = BEGINNINGS
        .iter()
        .any(|beginning| beginning.starts_with(body));
    (!may_begin).then_some(false)
}

/// An event grew past [`MAX_EVENT_BYTES`]; the stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {MAX_EVENT_BYTES} bytes")]
pub struct EventTooLarge;

/// One event, or one comment: everything up to and including its blank line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    raw: Bytes,
    name: Range<usize>,
    data: Data,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Data {
    None,
    Line(Range<usize>),
    Lines(Vec<Range<usize>>),
}

impl Event {
    /// The bytes as they came, terminator included.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The bytes as they came, to be sent on.
    #[must_use]
    pub fn into_raw(self) -> Bytes {
        self.raw
    }

    /// The value of its last `event:` line; empty when there is none.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.raw.get(self.name.clone()).unwrap_or_default()
    }

    /// Its `data:` lines, joined by `\n`; empty when there is none. Borrowed unless there are several.
    #[must_use]
    pub fn data(&self) -> Cow<'_, [u8]> {
        match &self.data {
            Data::None => Cow::Borrowed(&[]),
            Data::Line(range) => Cow::Borrowed(self.raw.get(range.clone()).unwrap_or_default()),
            Data::Lines(ranges) => {
                let lines: Vec<&[u8]> = ranges
                    .iter()
                    .map(|range| self.raw.get(range.clone()).unwrap_or_default())
                    .collect();
                Cow::Owned(lines.join(&b'\n'))
            }
        }
    }

    /// Whether it has no data: a comment, a lone blank line, or fields that clients ignore.
    #[must_use]
    pub const fn is_comment(&self) -> bool {
        matches!(self.data, Data::None)
    }

    /// The same event in memory of its own, without the chunk that it was cut from.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            raw: Bytes::copy_from_slice(&self.raw),
            ..self.clone()
        }
    }

    /// Reads the bytes of one event.
    #[must_use]
    pub fn read(raw: Bytes) -> Self {
        let mut event = Self {
            name: 0..0,
            data: Data::None,
            raw: Bytes::new(),
        };
        let mut at = if raw.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
            let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            event.read_line(&raw, at..at + length);
            at += length + 1;
        }
        event.raw = raw;
        event
    }

    fn read_line(&mut self, raw: &[u8], line: Range<usize>) {
        let text = raw.get(line.clone()).unwrap_or_default();
        let name_length = memchr(b':', text).unwrap_or(text.len());
        let gap = match text.get(name_length + 1) {
            Some(b' ') => 2,
            _ => 1,
        };
        let value = (line.start + name_length + gap).min(line.end)..line.end;
        match text.get(..name_length) {
            Some(b"event") => self.name = value,
            Some(b"data") => match &mut self.data {
                Data::None => self.data = Data::Line(value),
                Data::Line(first) => self.data = Data::Lines(vec![first.clone(), value]),
                Data::Lines(lines) => lines.push(value),
            },
            _ => {}
        }
    }
}

/// Cuts a stream into events. Push chunks, take events; at the end ask for the rest.
#[derive(Debug)]
pub struct Splitter {
    /// The beginning of an event whose end has not come.
    held: BytesMut,
    /// Chunks not yet looked at.
    chunks: VecDeque<Bytes>,
    /// The current line has no bytes so far.
    line_is_empty: bool,
    /// The last byte was a `\r`; a `\n` that follows belongs to it.
    after_cr: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// At the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            held: BytesMut::new(),
            chunks: VecDeque::new(),
            line_is_empty: true,
            after_cr: false,
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.chunks.push_back(chunk);
        }
    }

    /// The next whole event; `None` when more bytes are needed.
    pub fn take(&mut self) -> Result<Option<Event>, EventTooLarge> {
        while let Some(mut chunk) = self.chunks.pop_front() {
            let Some(end) = self.find_end(&chunk) else {
                if self.held.len() + chunk.len() > MAX_EVENT_BYTES {
                    return Err(EventTooLarge);
                }
                self.held.extend_from_slice(&chunk);
                continue;
            };
            let mut raw = chunk.split_to(end);
            if !self.held.is_empty() {
                self.held.extend_from_slice(&raw);
                raw = self.held.split().freeze();
            }
            if !chunk.is_empty() {
                self.chunks.push_front(chunk);
            }
            return Ok(Some(Event::read(raw)));
        }
        Ok(None)
    }

    /// What came after the last blank line, read as an event; clients drop it, since it was never finished.
    #[must_use]
    pub fn finish(mut self) -> Option<Event> {
        for chunk in std::mem::take(&mut self.chunks) {
            self.held.extend_from_slice(&chunk);
        }
        (!self.held.is_empty()).then(|| Event::read(self.held.freeze()))
    }

    /// The index behind the blank line that ends the current event.
    fn find_end(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
            if std::mem::take(&mut self.after_cr) && rest.first() == Some(&b'\n') {
                at += 1;
                continue;
            }
            let Some(length) = memchr2(b'\n', b'\r', rest) else {
                self.line_is_empty = false;
                return None;
            };
            let blank = length == 0 && self.line_is_empty;
            let carriage = rest.get(length) == Some(&b'\r');
            at += length + 1;
            self.line_is_empty = true;
            if !blank {
                self.after_cr = carriage;
                continue;
            }
            // A blank line goes out as soon as its first byte is there. When its `\r` is the last byte of the
            // chunk, a `\n` that follows becomes the first byte of the next event and is no line of that.
            match chunk.get(at) {
                Some(b'\n') if carriage => at += 1,
                None if carriage => self.after_cr = true,
                _ => {}
            }
            return Some(at);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(chunks: &[&[u8]]) -> (Vec<Event>, Option<Event>) {
        let mut splitter = Splitter::new();
        let mut events = Vec::new();
        for chunk in chunks {
            splitter.push(Bytes::copy_from_slice(chunk));
            while let Some(event) = splitter.take().unwrap() {
                events.push(event);
            }
        }
        (events, splitter.finish())
    }

    /// What a client would see: events with data, by name and data.
    fn seen(events: &[Event]) -> Vec<(Vec<u8>, Vec<u8>)> {
        events
            .iter()
            .filter(|event| !event.is_comment())
            .map(|event| (event.name().to_vec(), event.data().into_owned()))
            .collect()
    }

    #[test]
    fn a_stream_is_known_by_its_first_bytes() {
        for (body, expected) in [
            ("data: {}", Some(true)),
            ("event: ping", Some(true)),
            (": hello", Some(true)),
            ("", None),
            ("eve", None),
            ("data", None),
            ("{", Some(false)),
            ("dates: ", Some(false)),
            ("id: 3", Some(false)),
        ] {
            assert_eq!(begins(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn an_event_has_a_name_and_its_data_lines_are_joined() {
        let (events, rest) = split(&[b"event: a\ndata: 1\ndata:2\nid: x\n\n: hello\n\ndata\n\n"]);
        assert_eq!(events.len(), 3);
        assert_eq!(events[0].name(), b"a");
        assert_eq!(&*events[0].data(), b"1\n2");
        assert!(events[1].is_comment());
        assert_eq!(&*events[2].data(), b"");
        assert!(!events[2].is_comment());
        assert!(rest.is_none());
    }

    #[test]
    fn every_line_ending_of_the_standard_ends_an_event() {
        for text in [
            &b"data: 1\n\ndata: 2\n\n"[..],
            b"data: 1\r\n\r\ndata: 2\r\n\r\n",
            b"data: 1\r\rdata: 2\r\r",
            b"data: 1\r\n\ndata: 2\n\r\n",
        ] {
            let expected = [(vec![], b"1".to_vec()), (vec![], b"2".to_vec())];
            assert_eq!(seen(&split(&[text]).0), expected, "{text:?}");
        }
    }

    #[test]
    fn an_event_is_given_out_without_waiting_for_the_second_half_of_its_line_end() {
        let (events, rest) = split(&[b"data: 1\r\n\r", b"\ndata: 2\r\n\r\n"]);
        assert_eq!(seen(&events).len(), 2);
        assert_eq!(events[0].raw(), &b"data: 1\r\n\r"[..]);
        assert!(rest.is_none());
    }

    #[test]
    fn an_unfinished_event_is_the_rest() {
        let (events, rest) = split(&[b"data: 1\n\ndata: [DO", b"NE]\n"]);
        assert_eq!(events.len(), 1);
        assert_eq!(&*rest.unwrap().data(), b"[DONE]");
    }

    #[test]
    fn an_event_inside_one_chunk_is_not_copied() {
        let chunk = Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
        let mut splitter = Splitter::new();
        splitter.push(chunk.clone());
        let first = splitter.take().unwrap().unwrap();
        assert_eq!(first.raw().as_ptr(), chunk.as_ptr());
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut splitter = Splitter::new();
        let chunk = Bytes::from(vec![b'x'; MAX_EVENT_BYTES / 2 + 1]);
        splitter.push(chunk.clone());
        assert_eq!(splitter.take(), Ok(None));
        splitter.push(chunk);
        assert_eq!(splitter.take(), Err(EventTooLarge));
    }

    proptest::proptest! {
        #[test]
        fn any_cut_yields_the_same_events_and_the_same_bytes(
            pieces in proptest::collection::vec("(event: [a-z]{0,3}|data: ?[{}\\[\\]äß€a: ]{0,9}|data|:c|)(\n|\r\n|\r)", 0..24),
            cuts in proptest::collection::vec(0usize..200, 0..12),
        ) {
            let whole = pieces.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
            let (events, rest) = split(&chunks);
            let (expected, expected_rest) = split(&[&whole]);
            proptest::prop_assert_eq!(seen(&events), seen(&expected));
            let data = |event: Option<&Event>| event.map(|e| e.data().into_owned()).unwrap_or_default();
            proptest::prop_assert_eq!(data(rest.as_ref()), data(expected_rest.as_ref()));
            let mut bytes: Vec<u8> = events.iter().flat_map(|e| e.raw().to_vec()).collect();
            bytes.extend(rest.iter().flat_map(|e| e.raw().to_vec()));
            proptest::prop_assert_eq!(bytes, whole);
        }

        #[test]
        fn hostile_bytes_come_out_as_they_went_in(chunks in proptest::collection::vec(proptest::collection::vec(0u8..=255, 0..40), 0..8)) {
            let slices: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let (events, rest) = split(&slices);
            let mut bytes: Vec<u8> = events.iter().flat_map(|e| e.raw().to_vec()).collect();
            bytes.extend(rest.iter().flat_map(|e| e.raw().to_vec()));
            proptest::prop_assert_eq!(bytes, chunks.concat());
        }
    }
}
