//! What the broker says itself, when no answer of the plane can be had: in the shape of the protocol that the child speaks.

use crate::forward::NoAnswer;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use portunus_api::Problem;
use portunus_api::problem::PROBLEM_JSON;
use serde_json::json;

const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Whose words an error has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Anthropic,
    OpenAi,
    /// A problem document (RFC 9457).
    Problem,
}

impl Shape {
    /// The shape that whoever asks for `path` reads.
    pub(super) fn of(path: &str, headers: &HeaderMap) -> Self {
        let models = path == "/v1" || path.starts_with("/v1/");
        let messages = path.starts_with("/v1/messages");
        match (
            models,
            messages || headers.contains_key("anthropic-version"),
        ) {
            (false, _) => Self::Problem,
            (true, true) => Self::Anthropic,
            (true, false) => Self::OpenAi,
        }
    }
}

/// Why the broker answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The handle did not come.
    NoHandle,
    /// Nothing is there.
    NoRoute,
    /// It is the broker's own business.
    Kept,
    /// A WebSocket to models, which no plane opens. Codex falls back to `POST` at once on 426, and on nothing else.
    NoWebSocket,
    /// More than any plane reads.
    TooLarge,
    /// The body broke off.
    BodyStopped,
    /// No plane answered.
    Unreachable,
    /// The agent's token is not accepted any more.
    NotAccepted,
    /// The request cannot be written.
    Unsendable,
}

impl Why {
    pub(super) const fn of(error: &NoAnswer) -> Self {
        match error {
            NoAnswer::Unreachable { .. } => Self::Unreachable,
            NoAnswer::NotAccepted(_) => Self::NotAccepted,
            NoAnswer::Unsendable(_) => Self::Unsendable,
        }
    }

    /// Status, and the code of a problem document.
    const fn code(self) -> (u16, &'static str) {
        match self {
            Self::NoHandle => (401, "missing_handle"),
            Self::NoRoute => (404, "not_found"),
            Self::Kept => (404, "kept_by_the_broker"),
            Self::NoWebSocket => (426, "no_websocket"),
            Self::TooLarge => (413, "payload_too_large"),
            Self::BodyStopped => (408, "request_timeout"),
            Self::Unreachable => (503, "plane_unreachable"),
            Self::NotAccepted => (401, "token_not_accepted"),
            Self::Unsendable => (400, "bad_request"),
        }
    }

    /// What to do.
    const fn fix(self) -> &'static str {
        match self {
            Self::NoHandle => {
                "send what is in PORTUNUS_HANDLE as 'Authorization: Bearer' or 'x-api-key'"
            }
            Self::NoRoute => "ask for /v1/..., /api/v1/... or /portunus/inbox",
            Self::Kept => {
                "leave tokens and heartbeats to the broker, which renews and beats by itself"
            }
            Self::NoWebSocket => "send the request with POST",
            Self::TooLarge => "send less at once",
            Self::BodyStopped => "send the request again",
            Self::Unreachable => "ask again in a moment; the broker goes on looking for a plane",
            Self::NotAccepted => {
                "an operator can issue a fresh token: portunus tokens rotate NAME; put it where the broker reads it"
            }
            Self::Unsendable => "write the request as HTTP has it",
        }
    }

    /// What was wrong, as a sentence.
    const fn words(self) -> &'static str {
        match self {
            Self::NoHandle => {
                "This is the broker of one agent, and the request does not show its handle."
            }
            Self::NoRoute => "The broker serves nothing under this path.",
            Self::Kept => "The broker does this for its agent, so that no token reaches it.",
            Self::NoWebSocket => "Responses are served over POST, not over WebSocket.",
            Self::TooLarge => "The request body is larger than 32 MiB.",
            Self::BodyStopped => "The request body stopped arriving before its end.",
            Self::Unreachable => "No plane can be reached.",
            Self::NotAccepted => "The plane does not accept the token of this broker's agent.",
            Self::Unsendable => "The request cannot be written as HTTP.",
        }
    }

    /// The types of both protocols.
    const fn kinds(self) -> (&'static str, &'static str) {
        match self {
            Self::NoHandle | Self::NotAccepted => ("authentication_error", "invalid_api_key"),
            Self::NoRoute | Self::Kept => ("not_found_error", "not_found"),
            Self::TooLarge => ("request_too_large", "request_too_large"),
            Self::BodyStopped => ("timeout_error", "timeout"),
            Self::Unreachable => ("overloaded_error", "server_is_overloaded"),
            Self::NoWebSocket | Self::Unsendable => ("invalid_request_error", "invalid_request"),
        }
    }

    /// The whole answer.
    pub(super) fn answer(self, shape: Shape) -> Response<Bytes> {
        let (status, code) = self.code();
        let (words, fix) = (self.words(), self.fix());
        let message = format!("{words} To do: {fix}.");
        let (anthropic, openai) = self.kinds();
        let (media_type, body) = match shape {
            Shape::Anthropic => (
                "application/json",
                json!({"type": "error", "error": {"type": anthropic, "message": message}}),
            ),
            Shape::OpenAi => {
                let kind = if status >= 500 {
                    "server_error"
                } else {
                    "invalid_request_error"
                };
                let error =
                    json!({"message": message, "type": kind, "param": null, "code": openai});
                ("application/json", json!({ "error": error }))
            }
            Shape::Problem => (PROBLEM_JSON, problem(status, code, words, fix)),
        };
        let mut answer = Response::new(Bytes::from(body.to_string()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if self == Self::Unreachable {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        } else {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        answer
    }
}

fn problem(status: u16, code: &str, title: &str, fix: &str) -> serde_json::Value {
    let problem = Problem {
        kind: "about:blank".to_owned(),
        title: title.to_owned(),
        status,
        detail: title.to_owned(),
        instance: String::new(),
        code: code.to_owned(),
        fix: fix.to_owned(),
        doc_url: "docs/broker.md#what-it-says-itself".to_owned(),
        auth: None,
    };
    serde_json::to_value(problem).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const ALL: [Why; 9] = [
        Why::NoHandle,
        Why::NoRoute,
        Why::Kept,
        Why::NoWebSocket,
        Why::TooLarge,
        Why::BodyStopped,
        Why::Unreachable,
        Why::NotAccepted,
        Why::Unsendable,
    ];

    fn body(answer: &Response<Bytes>) -> Value {
        serde_json::from_slice(answer.body()).unwrap()
    }

    #[test]
    fn each_client_reads_its_own_protocols_shape() {
        let anthropic: HeaderMap = [(
            HeaderName::from_static("anthropic-version"),
            HeaderValue::from_static("2023-06-01"),
        )]
        .into_iter()
        .collect();
        let none = HeaderMap::new();
        assert_eq!(Shape::of("/v1/messages", &none), Shape::Anthropic);
        assert_eq!(Shape::of("/v1/models", &anthropic), Shape::Anthropic);
        assert_eq!(Shape::of("/v1/responses", &none), Shape::OpenAi);
        assert_eq!(Shape::of("/portunus/inbox", &anthropic), Shape::Problem);
        for why in ALL {
            let (status, code) = why.code();
            let told = why.answer(Shape::Anthropic);
            assert_eq!(
                (told.status().as_u16(), &body(&told)["type"]),
                (status, &json!("error"))
            );
            assert!(body(&why.answer(Shape::OpenAi))["error"]["message"].is_string());
            let problem = body(&why.answer(Shape::Problem));
            assert_eq!(problem["code"], code);
        }
    }

    #[test]
    fn only_a_plane_that_is_away_is_worth_asking_again() {
        for why in ALL {
            let answer = why.answer(Shape::OpenAi);
            let futile = answer.headers().get(SHOULD_RETRY).is_some();
            assert_eq!(futile, why != Why::Unreachable, "{why:?}");
        }
    }
}
