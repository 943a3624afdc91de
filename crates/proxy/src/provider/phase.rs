//! What an event means to the relay: may the attempt still be replaced, has the answer begun, is it over.
//!
//! The bulk of a stream, its deltas, is told apart by names and searches for a word; only the rest is parsed.

use super::endpoint::Endpoint;
use super::sse::Event;
use memchr::memmem;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// What one event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventPhase {
    /// Says only that an answer will come; held back, since an overload may still follow.
    Handshake,
    /// A part of the answer.
    Semantic,
    /// Keeps the connection alive: a ping or a comment.
    Ping,
    /// The provider's own error.
    Error,
    /// The last event: the answer is whole, and a client that hangs up now cancels nothing.
    Terminal,
}

/// Reads one event of an `endpoint`'s stream.
#[must_use]
pub fn phase(endpoint: Endpoint, event: &Event) -> EventPhase {
    if event.is_comment() {
        return EventPhase::Ping;
    }
    match endpoint {
        Endpoint::Messages => of_messages(event),
        Endpoint::Responses => of_responses(event),
        _ => of_chat(&event.data()),
    }
}

/// Whether a stream may end with this event although no empty line ends it: some providers leave that out, and SDKs take
/// the event. Anything else that breaks off was meant to go on.
#[must_use]
pub fn is_last_without_its_end(endpoint: Endpoint, event: &Event) -> bool {
    let data = event.data();
    matches!(
        phase(endpoint, event),
        EventPhase::Terminal | EventPhase::Error
    ) && (data.trim_ascii() == b"[DONE]" || serde_json::from_slice::<IgnoredAny>(&data).is_ok())
}

/// The event's name, or the `type` of its data: names may be missing, types never are.
pub(super) fn kind(event: &Event) -> Cow<'_, [u8]> {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
    }
    if !event.name().is_empty() {
        return event.name().into();
    }
    serde_json::from_slice::<Typed<'_>>(&event.data())
        .map(|typed| typed.kind.into_owned().into_bytes())
        .unwrap_or_default()
        .into()
}

fn of_messages(event: &Event) -> EventPhase {
    match &*kind(event) {
        b"ping" => EventPhase::Ping,
        b"error" => EventPhase::Error,
        b"message_stop" => EventPhase::Terminal,
        b"message_start" => EventPhase::Handshake,
        b"content_block_start" if opens_empty_block(&event.data()) => EventPhase::Handshake,
        _ => EventPhase::Semantic,
    }
}

/// Whether a content block is text or thinking that begins with nothing.
fn opens_empty_block(data: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Start<'a> {
        #[serde(borrow)]
        content_block: Block<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Block<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
        #[serde(borrow, default)]
        text: Cow<'a, str>,
        #[serde(borrow, default)]
        thinking: Cow<'a, str>,
    }
    serde_json::from_slice::<Start<'_>>(data).is_ok_and(|start| {
        let block = start.content_block;
        matches!(&*block.kind, "text" | "thinking")
            && block.text.is_empty()
            && block.thinking.is_empty()
    })
}

fn of_responses(event: &Event) -> EventPhase {
    match &*kind(event) {
        b"response.created" | b"response.queued" | b"response.in_progress" => EventPhase::Handshake,
        b"ping" | b"keepalive" => EventPhase::Ping,
        b"error" | b"response.failed" => EventPhase::Error,
        b"response.completed" | b"response.incomplete" | b"response.cancelled" => {
            EventPhase::Terminal
        }
        b"response.output_item.added" if opens_empty_message(&event.data()) => {
            EventPhase::Handshake
        }
        b"response.content_part.added" if opens_empty_part(&event.data()) => EventPhase::Handshake,
        _ => EventPhase::Semantic,
    }
}

/// Whether an item of a response is a message that begins with nothing. Reasoning may be silent for minutes behind its
/// beginning, and clients count silence: it is not held back.
fn opens_empty_message(data: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Added<'a> {
        #[serde(borrow)]
        item: Item<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Item<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
        #[serde(default)]
        content: Vec<IgnoredAny>,
    }
    serde_json::from_slice::<Added<'_>>(data)
        .is_ok_and(|added| added.item.kind == "message" && added.item.content.is_empty())
}

/// Whether a part of a message is text that begins with nothing.
fn opens_empty_part(data: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Added<'a> {
        #[serde(borrow)]
        part: Part<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Part<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
        #[serde(borrow, default)]
        text: Cow<'a, str>,
    }
    serde_json::from_slice::<Added<'_>>(data)
        .is_ok_and(|added| added.part.kind == "output_text" && added.part.text.is_empty())
}

fn of_chat(data: &[u8]) -> EventPhase {
    let data = data.trim_ascii();
    if data == b"[DONE]" {
        return EventPhase::Terminal;
    }
    if is_chat_error(data) {
        return EventPhase::Error;
    }
    if says_nothing_yet(data) {
        return EventPhase::Handshake;
    }
    EventPhase::Semantic
}

/// Errors have no choices and chunks have; nearly all chunks are dismissed by a search for the word.
fn is_chat_error(data: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Told {
        error: Option<IgnoredAny>,
        choices: Option<IgnoredAny>,
    }
    memmem::find(data, b"\"error\"").is_some()
        && serde_json::from_slice::<Told>(data)
            .is_ok_and(|told| told.error.is_some() && told.choices.is_none())
}

/// A first chunk that only names the role, or Azure's report on the prompt.
fn says_nothing_yet(data: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow)]
        choices: Vec<Choice<'a>>,
        #[serde(default)]
        usage: Option<IgnoredAny>,
    }
    #[derive(serde::Deserialize)]
    struct Choice<'a> {
        #[serde(borrow, default)]
        delta: std::collections::BTreeMap<Cow<'a, str>, serde_json::Value>,
        #[serde(default)]
        finish_reason: Option<IgnoredAny>,
    }
    let empty = |value: &serde_json::Value| match value {
        serde_json::Value::Null => true,
        serde_json::Value::String(text) => text.is_empty(),
        serde_json::Value::Array(list) => list.is_empty(),
        _ => false,
    };
    // A chunk that names no role and has choices says something; so does one with content right behind the name.
    let named = memmem::find(data, b"\"role\"").is_some() && !has_content(data);
    let empty_list = memmem::find(data, b"\"choices\":[]").is_some();
    (named || empty_list)
        && serde_json::from_slice::<Chunk<'_>>(data).is_ok_and(|chunk| {
            chunk.usage.is_none()
                && chunk.choices.iter().all(|choice| {
                    choice.finish_reason.is_none()
                        && choice
                            .delta
                            .iter()
                            .all(|(name, value)| name == "role" || empty(value))
                })
        })
}

fn has_content(data: &[u8]) -> bool {
    const NAME: &[u8] = b"\"content\":\"";
    memmem::find(data, NAME)
        .and_then(|at| data.get(at + NAME.len()))
        .is_some_and(|first| *first != b'"')
}

#[cfg(test)]
mod tests {
    use super::super::sse::Splitter;
    use super::*;
    use bytes::Bytes;

    fn event(text: &'static str) -> Event {
        let mut splitter = Splitter::new();
        splitter.push(Bytes::from_static(text.as_bytes()));
        splitter.take().unwrap().unwrap()
    }

    fn opening(endpoint: Endpoint, text: &'static str) -> EventPhase {
        phase(endpoint, &event(text))
    }

    #[test]
    fn a_message_begins_with_its_first_delta() {
        use EventPhase::{Error, Handshake, Ping, Semantic, Terminal};
        for (text, expected) in [
            (
                "event: message_start\ndata: {\"type\":\"message_start\"}\n\n",
                Handshake,
            ),
            ("event: ping\ndata: {\"type\":\"ping\"}\n\n", Ping),
            (": comment\n\n", Ping),
            (
                "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
                Handshake,
            ),
            (
                "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
                Handshake,
            ),
            (
                "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{}}}\n\n",
                Semantic,
            ),
            (
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\"}\n\n",
                Semantic,
            ),
            ("event: message_delta\ndata: {}\n\n", Semantic),
            (
                "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
                Terminal,
            ),
            ("event: error\ndata: {\"type\":\"error\"}\n\n", Error),
            ("data: {\"type\":\"error\",\"error\":{}}\n\n", Error),
            ("event: something_new\ndata: x\n\n", Semantic),
        ] {
            assert_eq!(opening(Endpoint::Messages, text), expected, "{text}");
        }
    }

    #[test]
    fn a_response_begins_behind_its_lifecycle_events() {
        use EventPhase::{Error, Handshake, Ping, Semantic, Terminal};
        for (text, expected) in [
            ("event: response.created\ndata: {}\n\n", Handshake),
            ("event: response.queued\ndata: {}\n\n", Handshake),
            ("data: {\"type\":\"response.in_progress\"}\n\n", Handshake),
            ("event: response.output_item.added\ndata: {}\n\n", Semantic),
            (
                "event: response.output_item.added\ndata: {\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"m\",\"content\":[]}}\n\n",
                Handshake,
            ),
            (
                "data: {\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\",\"content\":[{}]}}\n\n",
                Semantic,
            ),
            (
                "event: response.output_item.added\ndata: {\"item\":{\"type\":\"reasoning\",\"summary\":[]}}\n\n",
                Semantic,
            ),
            (
                "event: response.output_item.added\ndata: {\"item\":{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"\"}}\n\n",
                Semantic,
            ),
            (
                "event: response.content_part.added\ndata: {\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n",
                Handshake,
            ),
            (
                "event: response.content_part.added\ndata: {\"part\":{\"type\":\"output_text\",\"text\":\"H\"}}\n\n",
                Semantic,
            ),
            (
                "event: response.content_part.added\ndata: {\"part\":{\"type\":\"refusal\",\"refusal\":\"No\"}}\n\n",
                Semantic,
            ),
            ("event: keepalive\ndata: {}\n\n", Ping),
            ("event: response.failed\ndata: {}\n\n", Error),
            ("event: error\ndata: {}\n\n", Error),
            ("event: response.incomplete\ndata: {}\n\n", Terminal),
            ("event: response.completed\ndata: {}\n\n", Terminal),
        ] {
            assert_eq!(opening(Endpoint::Responses, text), expected, "{text}");
        }
    }

    #[test]
    fn a_chat_begins_behind_the_chunk_that_names_the_role() {
        use EventPhase::{Error, Handshake, Semantic, Terminal};
        for (text, expected) in [
            (
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"finish_reason\":null}]}\n\n",
                Handshake,
            ),
            (
                "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
                Handshake,
            ),
            (
                "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n",
                Semantic,
            ),
            (
                "data: {\"choices\":[{\"delta\":{\"content\":\"an \\\"error\\\"\"}}]}\n\n",
                Semantic,
            ),
            (
                "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}\n\n",
                Semantic,
            ),
            (
                "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"error\":null}\n\n",
                Semantic,
            ),
            ("data: {\"error\":{\"message\":\"x\"}}\n\n", Error),
            ("data: {\"error\":\"x\"}\n\n", Error),
            ("data: [DONE]\n\n", Terminal),
            ("data: garbage\n\n", Semantic),
        ] {
            assert_eq!(opening(Endpoint::ChatCompletions, text), expected, "{text}");
        }
    }

    #[test]
    fn only_a_whole_last_event_needs_no_empty_line() {
        let rest = |text: &'static str| {
            let mut splitter = Splitter::new();
            splitter.push(Bytes::from_static(text.as_bytes()));
            assert_eq!(splitter.take(), Ok(None), "{text}");
            splitter.finish().unwrap()
        };
        use Endpoint::{ChatCompletions, Messages, Responses};
        for (endpoint, text, expected) in [
            (ChatCompletions, "data: [DONE]", true),
            (ChatCompletions, "data: [DONE]\n", true),
            (ChatCompletions, "data: [DO", false),
            (
                ChatCompletions,
                "data: {\"error\":{\"message\":\"x\"}}",
                true,
            ),
            (ChatCompletions, "data: {\"error\":{\"message\":\"x", false),
            (
                ChatCompletions,
                "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n",
                false,
            ),
            (
                Messages,
                "event: message_stop\ndata: {\"type\":\"message_stop\"}\n",
                true,
            ),
            (Messages, "data: {\"type\":\"message_stop\"}", true),
            (Messages, "event: message_stop\n", false),
            (
                Messages,
                "event: message_stop\ndata: {\"type\":\"mess",
                false,
            ),
            (
                Responses,
                "event: response.completed\ndata: {\"response\":{}}",
                true,
            ),
            (
                Responses,
                "event: response.completed\ndata: {\"response\":{\"usage\"",
                false,
            ),
            (
                Responses,
                "event: response.failed\ndata: {\"response\":{}}",
                true,
            ),
        ] {
            let is_last = is_last_without_its_end(endpoint, &rest(text));
            assert_eq!(is_last, expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn hostile_events_are_read_without_a_panic(bytes in proptest::collection::vec(0u8..=255, 0..80)) {
            let mut splitter = Splitter::new();
            splitter.push(Bytes::from([b"event: content_block_start\ndata: {\"choices\":[", &bytes[..], b"\n\n"].concat()));
            while let Ok(Some(event)) = splitter.take() {
                for endpoint in [Endpoint::Messages, Endpoint::Responses, Endpoint::ChatCompletions] {
                    let _ = phase(endpoint, &event);
                    let _ = is_last_without_its_end(endpoint, &event);
                }
            }
        }
    }
}
