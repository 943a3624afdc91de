//! Errors of our own in the shape of the protocol that the client speaks: as a body, or as the last event of a stream.
//!
//! Which status and which words an error gets, and whether trying again helps, is the door's to decide.

use super::endpoint::Endpoint;
use super::sse::Event;
use super::wording::Wording;
use bytes::Bytes;
use portunus_core::provider_key::Protocol;
use serde_json::{Value, json};

/// What went wrong, in the terms that clients tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No valid token.
    Authentication,
    /// The principal may not do this.
    Permission,
    /// The request itself is at fault.
    InvalidRequest,
    /// No such path or model.
    NotFound,
    /// The body is too large.
    TooLarge,
    /// A limit that time heals.
    RateLimit,
    /// No account has money left.
    Billing,
    /// No capacity now.
    Overloaded,
    /// The upstream gave no usable answer.
    Upstream,
    /// Something took too long.
    Timeout,
    /// A fault inside.
    Internal,
}

impl ErrorKind {
    /// The kind that a status stands for.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            429 => Self::RateLimit,
            502 => Self::Upstream,
            503 | 529 => Self::Overloaded,
            500..=599 => Self::Internal,
            _ => Self::InvalidRequest,
        }
    }

    /// Anthropic's `error.type`.
    const fn anthropic(self) -> &'static str {
        match self {
            Self::Authentication => "authentication_error",
            Self::Permission => "permission_error",
            Self::InvalidRequest => "invalid_request_error",
            Self::NotFound => "not_found_error",
            Self::TooLarge => "request_too_large",
            Self::RateLimit => "rate_limit_error",
            Self::Billing => "billing_error",
            Self::Overloaded => "overloaded_error",
            Self::Timeout => "timeout_error",
            Self::Upstream | Self::Internal => "api_error",
        }
    }

    /// `OpenAI`'s `error.type` and `error.code`.
    const fn openai(self) -> (&'static str, &'static str) {
        match self {
            Self::Authentication => ("invalid_request_error", "invalid_api_key"),
            Self::Permission => ("invalid_request_error", "permission_denied"),
            Self::InvalidRequest => ("invalid_request_error", "invalid_request"),
            Self::NotFound => ("invalid_request_error", "not_found"),
            Self::TooLarge => ("invalid_request_error", "request_too_large"),
            Self::RateLimit => ("rate_limit_error", "rate_limit_exceeded"),
            Self::Billing => ("insufficient_quota", "insufficient_quota"),
            Self::Overloaded => ("server_error", "server_is_overloaded"),
            Self::Timeout => ("server_error", "timeout"),
            Self::Upstream => ("server_error", "bad_gateway"),
            Self::Internal => ("server_error", "internal_error"),
        }
    }
}

/// What a Responses client has seen of its stream, as far as an error must fit to it.
///
/// Only references to events are kept; they are read when they are needed. Other streams have nothing to keep.
#[derive(Clone, Debug, Default)]
pub struct Position {
    created: Option<Event>,
    last: Option<Event>,
}

impl Position {
    /// Notes an event that goes to the client.
    pub fn sent(&mut self, endpoint: Endpoint, event: &Event) {
        if endpoint != Endpoint::Responses || event.is_comment() {
            return;
        }
        if self.created.is_none() && event.name() == b"response.created" {
            // A copy of its own, so that the chunk it came in is not kept for the whole stream.
            self.created = Some(event.detached());
        }
        self.last = Some(event.clone());
    }

    fn next_number(&self) -> u64 {
        let number = |event: &Event| {
            let data: Value = serde_json::from_slice(&event.data()).ok()?;
            data.get("sequence_number")?.as_u64()?.checked_add(1)
        };
        self.last.as_ref().and_then(number).unwrap_or(0)
    }

    /// The response as it was when it began.
    fn response(&self) -> Option<Value> {
        let mut data: Value = serde_json::from_slice(&self.created.as_ref()?.data()).ok()?;
        data.get_mut("response")
            .filter(|response| response.is_object())
            .map(Value::take)
    }
}

/// The body of an error answer.
#[must_use]
pub fn error_body(protocol: Protocol, kind: ErrorKind, message: &str, request_id: &str) -> Bytes {
    let body = match protocol {
        Protocol::Anthropic => anthropic(kind, message, request_id),
        Protocol::OpenAi => json!({ "error": openai(kind, message) }),
    };
    Bytes::from(body.to_string())
}

/// The last bytes of a stream that fails at `position`. The connection is then to be cut: too many clients take a clean
/// end for success.
///
/// A Responses stream gets both forms of the protocol: SDKs raise on `error`, Codex reads `response.failed` alone.
#[must_use]
pub fn error_event_at(
    endpoint: Endpoint,
    kind: ErrorKind,
    message: &str,
    request_id: &str,
    position: &Position,
) -> Bytes {
    Bytes::from(match endpoint {
        Endpoint::Messages => {
            let data = anthropic(kind, message, request_id);
            format!("event: error\ndata: {data}\n\n")
        }
        Endpoint::Responses => {
            let number = position.next_number();
            let error = json!({
                "type": "error",
                "error": openai(kind, message),
                "code": kind.openai().1,
                "message": message,
                "param": null,
                "sequence_number": number,
            });
            let failed = json!({
                "type": "response.failed",
                "sequence_number": number.saturating_add(1),
                "response": failed_response(kind, message, request_id, position),
            });
            format!("event: error\ndata: {error}\n\nevent: response.failed\ndata: {failed}\n\n")
        }
        _ => format!("data: {}\n\n", json!({ "error": openai(kind, message) })),
    })
}

/// The sentence in an upstream's error body or error event, if it has one in its protocol's envelope.
#[must_use]
pub fn told_by_upstream(body: &[u8]) -> Option<String> {
    let message = match Wording::read(body).error {
        Value::String(message) => message,
        error => error.get("message")?.as_str()?.to_owned(),
    };
    let message = message.trim();
    (!message.is_empty()).then(|| message.to_owned())
}

fn anthropic(kind: ErrorKind, message: &str, request_id: &str) -> Value {
    json!({
        "type": "error",
        "error": { "type": kind.anthropic(), "message": message },
        "request_id": request_id,
    })
}

fn openai(kind: ErrorKind, message: &str) -> Value {
    let (kind, code) = kind.openai();
    json!({ "message": message, "type": kind, "param": null, "code": code })
}

/// The response of which the client has seen the beginning, now failed; one of our own when it has seen none.
fn failed_response(kind: ErrorKind, message: &str, request_id: &str, position: &Position) -> Value {
    let mut response = position.response().unwrap_or_else(|| {
        json!({
            "id": format!("resp_{request_id}"),
            "object": "response",
            "created_at": 0,
            "model": "",
            "output": [],
            "parallel_tool_calls": false,
            "tool_choice": "auto",
            "tools": [],
        })
    });
    if let Value::Object(fields) = &mut response {
        let error = json!({ "code": kind.openai().1, "message": message });
        fields.insert("status".to_owned(), "failed".into());
        fields.insert("error".to_owned(), error);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::super::sse::Splitter;
    use super::*;

    /// A failure of a stream of which the client has seen nothing.
    fn error_event(endpoint: Endpoint, kind: ErrorKind, message: &str, request_id: &str) -> Bytes {
        error_event_at(endpoint, kind, message, request_id, &Position::default())
    }

    fn events(bytes: Bytes) -> Vec<Event> {
        let mut splitter = Splitter::new();
        splitter.push(bytes);
        std::iter::from_fn(|| splitter.take().unwrap()).collect()
    }

    fn data(event: &Event) -> Value {
        serde_json::from_slice(&event.data()).unwrap()
    }

    #[test]
    fn a_body_has_the_protocols_own_envelope() {
        let body = |protocol| -> Value {
            let body = error_body(protocol, ErrorKind::RateLimit, "All keys rest.", "req_1");
            serde_json::from_slice(&body).unwrap()
        };
        assert_eq!(
            body(Protocol::Anthropic),
            json!({"type":"error","error":{"type":"rate_limit_error","message":"All keys rest."},"request_id":"req_1"})
        );
        assert_eq!(
            body(Protocol::OpenAi),
            json!({"error":{"message":"All keys rest.","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}})
        );
    }

    #[test]
    fn a_failing_stream_ends_with_the_protocols_error_event() {
        let sent = |endpoint| {
            events(error_event(
                endpoint,
                ErrorKind::Upstream,
                "It broke.",
                "req_1",
            ))
        };
        let messages = sent(Endpoint::Messages);
        assert_eq!(messages[0].name(), b"error");
        assert_eq!(data(&messages[0])["error"]["type"], "api_error");
        let chat = sent(Endpoint::ChatCompletions);
        assert_eq!(data(&chat[0])["error"]["message"], "It broke.");
        let responses = sent(Endpoint::Responses);
        assert_eq!(responses[0].name(), b"error");
        assert_eq!(data(&responses[0])["sequence_number"], 0);
        assert_eq!(data(&responses[0])["error"]["code"], "bad_gateway");
        assert_eq!(responses[1].name(), b"response.failed");
        assert_eq!(data(&responses[1])["response"]["status"], "failed");
    }

    #[test]
    fn a_begun_response_fails_under_its_own_id_and_number() {
        let mut position = Position::default();
        for event in events(Bytes::from_static(
            b"event: response.created\ndata: {\"sequence_number\":0,\"response\":{\"id\":\"resp_9\",\"model\":\"m\"}}\n\n\
              event: response.output_text.delta\ndata: {\"sequence_number\":7,\"delta\":\"x\"}\n\n",
        )) {
            position.sent(Endpoint::Responses, &event);
        }
        let bytes = error_event_at(
            Endpoint::Responses,
            ErrorKind::Overloaded,
            "No room.",
            "req_1",
            &position,
        );
        let sent = events(bytes);
        assert_eq!(data(&sent[0])["sequence_number"], 8);
        let failed = data(&sent[1]);
        assert_eq!(failed["response"]["id"], "resp_9");
        assert_eq!(failed["response"]["error"]["code"], "server_is_overloaded");
    }

    #[test]
    fn an_upstreams_sentence_is_found_in_every_envelope() {
        for body in [
            r#"{"type":"error","error":{"type":"x","message":"No."}}"#,
            r#"{"error":{"message":"No."}}"#,
            r#"{"error":"No."}"#,
            r#"{"response":{"error":{"message":"No."}}}"#,
        ] {
            assert_eq!(told_by_upstream(body.as_bytes()).as_deref(), Some("No."));
        }
        assert_eq!(told_by_upstream(b"<html>No.</html>"), None);
    }

    #[test]
    fn a_message_cannot_end_the_event_that_carries_it() {
        let hostile = "a\n\nevent: message_stop\ndata: {}\r\n\r\n";
        let sent = events(error_event(
            Endpoint::Messages,
            ErrorKind::Upstream,
            hostile,
            "r",
        ));
        assert_eq!(sent.len(), 1);
        assert_eq!(data(&sent[0])["error"]["message"], hostile);
    }
}
