//! What the fake upstream says: Anthropic's shapes with usage and rate-limit headers, rendered before they are needed.

use jiff::Timestamp;
use std::fmt::Write;
use std::time::Duration;

/// How many events a streamed answer has.
pub(super) const EVENTS: usize = 100;
/// Events that are written together with the head: an upstream's opening and its first words come at once.
pub(super) const OPENING: usize = 3;
/// When a rejected key may be used again: far beyond any run.
const REST: Duration = Duration::from_secs(3600);
const WINDOW: Duration = Duration::from_secs(60);

const MESSAGE: &str = r#"{"id":"msg_01Bench","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"The quick brown fox jumps over the lazy dog, and then it writes a benchmark about it."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":512,"cache_creation_input_tokens":0,"cache_read_input_tokens":128,"output_tokens":24}}"#;
const LIMITED: &str = r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your rate limit"},"request_id":"req_bench"}"#;

/// Every answer, ready to be written.
#[derive(Debug)]
pub(super) struct Answers {
    whole: Vec<u8>,
    limited: Vec<u8>,
    /// The head with the opening events, then one event each; the last one ends the body.
    pieces: Vec<Vec<u8>>,
    turn: bool,
}

impl Answers {
    pub(super) fn new() -> Self {
        let mut answers = Self {
            whole: Vec::new(),
            limited: Vec::new(),
            pieces: pieces(),
            turn: false,
        };
        answers.renew();
        answers
    }

    /// Renders again what holds a moment.
    pub(super) fn renew(&mut self) {
        let now = Timestamp::now();
        let soon = limits(now, WINDOW, 3999);
        self.whole = sized("200 OK", &soon, MESSAGE);
        let rest = format!(
            "{}retry-after: {}\r\n",
            limits(now, REST, 0),
            REST.as_secs()
        );
        self.limited = sized("429 Too Many Requests", &rest, LIMITED);
        let first = first_piece(&soon);
        if let Some(piece) = self.pieces.first_mut() {
            *piece = first;
        }
    }

    pub(super) fn whole(&self) -> &[u8] {
        &self.whole
    }

    /// A rejection and an answer by turns.
    pub(super) fn next_turn(&mut self) -> &[u8] {
        self.turn = !self.turn;
        if self.turn {
            &self.limited
        } else {
            &self.whole
        }
    }

    /// One write of a streamed answer, counted from zero; `None` behind the last one.
    pub(super) fn piece(&self, at: usize) -> Option<&[u8]> {
        self.pieces.get(at).map(Vec::as_slice)
    }
}

/// The windows of an API key, with what is left of the requests.
fn limits(now: Timestamp, reset: Duration, left: u32) -> String {
    let reset = now.checked_add(reset).unwrap_or(now);
    let reset = reset.strftime("%Y-%m-%dT%H:%M:%SZ");
    let mut text = String::from("request-id: req_01Bench\r\n");
    for (kind, limit, left) in [
        ("requests", 4000, left),
        ("input-tokens", 2_000_000, 1_990_000),
        ("output-tokens", 400_000, 399_000),
    ] {
        let _ = write!(
            text,
            "anthropic-ratelimit-{kind}-limit: {limit}\r\nanthropic-ratelimit-{kind}-remaining: {left}\r\n\
             anthropic-ratelimit-{kind}-reset: {reset}\r\n"
        );
    }
    text
}

fn sized(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn first_piece(limits: &str) -> Vec<u8> {
    let mut piece = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n{limits}\
         transfer-encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for at in 0..OPENING {
        piece.extend_from_slice(&chunk(&event(at)));
    }
    piece
}

fn pieces() -> Vec<Vec<u8>> {
    let mut pieces = vec![Vec::new()];
    pieces.extend((OPENING..EVENTS).map(|at| chunk(&event(at))));
    if let Some(last) = pieces.last_mut() {
        last.extend_from_slice(b"0\r\n\r\n");
    }
    pieces
}

fn chunk(event: &str) -> Vec<u8> {
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}

/// The events of one answer: two that open it, words, three that close it.
pub(super) fn event(at: usize) -> String {
    let (name, data) = match EVENTS - 1 - at {
        0 => ("message_stop", r#"{"type":"message_stop"}"#.to_owned()),
        1 => (
            "message_delta",
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":95}}"#
                .to_owned(),
        ),
        2 => ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#.to_owned()),
        _ if at == 0 => (
            "message_start",
            r#"{"type":"message_start","message":{"id":"msg_01Bench","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":512,"cache_creation_input_tokens":0,"cache_read_input_tokens":128,"output_tokens":1}}}"#
                .to_owned(),
        ),
        _ if at == 1 => (
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned(),
        ),
        _ => (
            "content_block_delta",
            format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"word {at}"}}}}"#),
        ),
    };
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Kind, MessageReader, Progress};

    #[test]
    fn a_streamed_answer_is_one_whole_message_of_100_events() {
        let answers = Answers::new();
        let mut reader = MessageReader::new(Kind::Answer);
        let mut at = 0;
        let mut events = 0;
        while let Some(piece) = answers.piece(at) {
            events += memchr::memmem::find_iter(piece, b"event: ").count();
            at += 1;
            let whole = reader.feed(piece).unwrap() == Progress::Done;
            assert_eq!(whole, answers.piece(at).is_none(), "{at}");
        }
        assert_eq!((events, at), (EVENTS, EVENTS - OPENING + 1));
    }

    #[test]
    fn turns_begin_with_a_rejection() {
        let mut answers = Answers::new();
        assert!(answers.next_turn().starts_with(b"HTTP/1.1 429 "));
        assert!(answers.next_turn().starts_with(b"HTTP/1.1 200 "));
        assert!(answers.next_turn().starts_with(b"HTTP/1.1 429 "));
    }
}
