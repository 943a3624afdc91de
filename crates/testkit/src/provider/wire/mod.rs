//! What a healthy provider answers, per endpoint, as JSON or as a list of stream events.

mod anthropic;
mod chat;
mod embeddings;
mod errors;
mod models;
mod responses;

use super::asked::{Asked, Endpoint};
use bytes::Bytes;
use serde_json::Value;

pub(crate) use errors::{error_document, error_event};

/// The body of an answer before anything goes wrong with it.
#[derive(Debug)]
pub(crate) struct Natural {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// One document, or one element per event.
    pub(crate) chunks: Vec<Bytes>,
}

impl Natural {
    fn json(document: &Value) -> Self {
        Self::json_under(200, document)
    }

    pub(crate) fn json_under(status: u16, document: &Value) -> Self {
        Self {
            status,
            content_type: "application/json",
            chunks: vec![document.to_string().into()],
        }
    }

    pub(crate) fn stream(chunks: Vec<Bytes>) -> Self {
        Self {
            status: 200,
            content_type: "text/event-stream; charset=utf-8",
            chunks,
        }
    }
}

/// The healthy answer to this request.
pub(crate) fn natural(asked: &Asked) -> Natural {
    use super::answer::ErrorKind;
    if asked.is_malformed() {
        return Natural::json_under(400, &error_document(asked, ErrorKind::InvalidRequest));
    }
    match asked.endpoint {
        Endpoint::Messages if asked.streams() => Natural::stream(anthropic::stream(asked)),
        Endpoint::Messages => Natural::json(&anthropic::message(asked)),
        Endpoint::CountTokens => {
            Natural::json(&serde_json::json!({"input_tokens": asked.input_tokens}))
        }
        Endpoint::Models => models::answer(asked),
        Endpoint::Chat if asked.streams() => Natural::stream(chat::stream(asked)),
        Endpoint::Chat => Natural::json(&chat::completion(asked)),
        Endpoint::Responses if asked.streams() => Natural::stream(responses::stream(asked)),
        Endpoint::Responses => Natural::json(&responses::response(asked)),
        Endpoint::ResponsesInputTokens => Natural::json(&serde_json::json!({
            "object": "response.input_tokens", "input_tokens": asked.input_tokens
        })),
        Endpoint::ResponsesCompact => Natural::json(&responses::compaction(asked)),
        Endpoint::Embeddings => Natural::json(&embeddings::list(asked)),
        Endpoint::Unknown => Natural::json_under(404, &error_document(asked, ErrorKind::NotFound)),
    }
}

/// An event with its name, as Anthropic and Responses streams carry it.
fn named_event(event: &Value) -> Bytes {
    let name = event
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    format!("event: {name}\ndata: {event}\n\n").into()
}

/// An event without a name, as Chat Completions streams carry it.
fn data_event(event: &Value) -> Bytes {
    format!("data: {event}\n\n").into()
}

/// The reply in pieces of one word each; joined they are the reply.
fn pieces(text: &str) -> Vec<&str> {
    text.split_inclusive(' ').collect()
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

/// Whether the events of this answer carry sequence numbers.
pub(crate) const fn numbers_events(asked: &Asked) -> bool {
    matches!(asked.endpoint, Endpoint::Responses)
}
