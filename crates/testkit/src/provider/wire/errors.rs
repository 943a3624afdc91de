//! Errors in each protocol's own shape, as a document and as an event inside a stream.

use super::{data_event, named_event};
use crate::provider::answer::ErrorKind;
use crate::provider::asked::{Asked, Endpoint, Wire};
use bytes::Bytes;
use serde_json::{Value, json};

const fn anthropic_words(kind: ErrorKind) -> (&'static str, &'static str) {
    match kind {
        ErrorKind::RateLimit => (
            "rate_limit_error",
            "This request would exceed your account's rate limit. Please try again later.",
        ),
        ErrorKind::Overloaded => ("overloaded_error", "Overloaded"),
        ErrorKind::Internal => ("api_error", "Internal server error"),
        ErrorKind::Authentication => ("authentication_error", "invalid x-api-key"),
        ErrorKind::Permission => (
            "permission_error",
            "Your API key does not have permission to use the specified resource",
        ),
        ErrorKind::Money => (
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
        ),
        ErrorKind::InvalidRequest => ("invalid_request_error", "messages: Field required"),
        ErrorKind::NotFound => ("not_found_error", "Not found"),
    }
}

const fn openai_words(kind: ErrorKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        ErrorKind::RateLimit => ("requests", "rate_limit_exceeded", "Rate limit reached."),
        ErrorKind::Overloaded => (
            "service_unavailable_error",
            "server_is_overloaded",
            "Our servers are currently overloaded. Please try again later.",
        ),
        ErrorKind::Internal => (
            "server_error",
            "internal_error",
            "The server had an error while processing your request.",
        ),
        ErrorKind::Authentication => (
            "invalid_request_error",
            "invalid_api_key",
            "Incorrect API key provided.",
        ),
        ErrorKind::Permission => (
            "invalid_request_error",
            "model_not_found",
            "The project does not have access to this model.",
        ),
        ErrorKind::Money => (
            "insufficient_quota",
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        ErrorKind::InvalidRequest => (
            "invalid_request_error",
            "invalid_json",
            "We could not parse the JSON body of your request.",
        ),
        ErrorKind::NotFound => (
            "invalid_request_error",
            "unknown_url",
            "Unknown request URL.",
        ),
    }
}

fn openai_error(kind: ErrorKind) -> Value {
    let (group, code, message) = openai_words(kind);
    json!({"message": message, "type": group, "param": null, "code": code})
}

/// The error as the body of an answer.
pub(crate) fn error_document(asked: &Asked, kind: ErrorKind) -> Value {
    match asked.wire {
        Wire::Anthropic => {
            let (name, message) = anthropic_words(kind);
            json!({
                "type": "error",
                "error": {"type": name, "message": message},
                "request_id": format!("req_fake{:08}", asked.number),
            })
        }
        Wire::OpenAi => json!({"error": openai_error(kind)}),
    }
}

/// The error as one event of a stream; `sequence` is the number of events before it.
pub(crate) fn error_event(asked: &Asked, kind: ErrorKind, sequence: u64) -> Bytes {
    match (asked.wire, asked.endpoint) {
        (Wire::Anthropic, _) => named_event(&error_document(asked, kind)),
        (_, Endpoint::Responses) => {
            let (_, code, message) = openai_words(kind);
            named_event(&json!({
                "type": "error", "code": code, "message": message, "param": null,
                "sequence_number": sequence,
            }))
        }
        _ => data_event(&json!({"error": openai_error(kind)})),
    }
}
