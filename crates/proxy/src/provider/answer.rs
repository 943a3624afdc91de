//! What one upstream answer must be taken for: the entrance to the readers of each protocol.
//!
//! A status alone says little: money hides in a 400, capacity in a 429, a limit inside a 200. What is common to all
//! providers is decided here, each one's own words in [`super::anthropic`], [`super::openai`] and [`super::gemini`].

use super::fields::Fields;
use super::wording::{Form, Wording};
use super::{anthropic, gemini, openai, reset};
use portunus_core::pool::answer::{Class, EntitlementScope, Family, Observation};
use portunus_core::provider_key::Protocol;
use portunus_core::time::Timestamp;

/// An upstream's answer as far as it is read before anything is relayed.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// HTTP status.
    pub status: u16,
    /// Response headers.
    pub headers: &'a Fields,
    /// The first MiB of an error's body; empty for a success, whose body is relayed.
    pub body: &'a [u8],
}

/// Reads one answer to a request for a model of `family` that arrived at `now`.
///
/// A rejected window always comes with its reset, or without one when the provider states none that makes sense; then
/// the pool's rule for unstated limits applies.
#[must_use]
pub fn classify(
    protocol: Protocol,
    family: &Family,
    now: Timestamp,
    answer: &Answer<'_>,
) -> Observation {
    match protocol {
        Protocol::Anthropic => anthropic::classify(family, now, answer),
        Protocol::OpenAi => openai::classify(family, now, answer),
    }
}

/// Reads the data of an error event inside a stream that began with 200.
#[must_use]
pub fn classify_stream_error(
    protocol: Protocol,
    family: &Family,
    now: Timestamp,
    data: &[u8],
) -> Observation {
    classify_error_inside(protocol, family, now, &Fields::default(), data)
}

/// Reads an error that came under a success's status, with the headers that count for it.
#[must_use]
pub fn classify_error_inside(
    protocol: Protocol,
    family: &Family,
    now: Timestamp,
    headers: &Fields,
    error: &[u8],
) -> Observation {
    let answer = Answer {
        status: status_inside(protocol, error),
        headers,
        body: error,
    };
    classify(protocol, family, now, &answer)
}

/// The status that such an error would have had as an answer: from 400 to 599.
#[must_use]
pub fn status_inside(protocol: Protocol, error: &[u8]) -> u16 {
    let wording = Wording::read(error);
    match protocol {
        Protocol::Anthropic => anthropic::status_of(&wording),
        Protocol::OpenAi if gemini::speaks(&wording) => gemini::status_of(&wording),
        Protocol::OpenAi => openai::status_of(&wording),
    }
}

/// Whether an error body is of the protocol's own shape and may be relayed as it is.
#[must_use]
pub fn is_own_envelope(protocol: Protocol, body: &[u8]) -> bool {
    let Ok(serde_json::Value::Object(body)) = serde_json::from_slice(body) else {
        return false;
    };
    let error = body.get("error").is_some_and(serde_json::Value::is_object);
    match protocol {
        Protocol::Anthropic => error && body.get("type").is_some_and(|kind| kind == "error"),
        Protocol::OpenAi => error,
    }
}

/// Whether a success can be read at all: uncompressed, as was asked for, and no web page.
pub(super) fn is_readable(headers: &Fields) -> bool {
    let plain = headers
        .text("content-encoding")
        .is_none_or(|encoding| encoding.is_empty() || encoding.eq_ignore_ascii_case("identity"));
    let page = headers
        .text("content-type")
        .and_then(|kind| kind.trim_start().get(..9))
        .is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"));
    plain && !page
}

/// What a refusal other than 429 means when its words say nothing special.
pub(super) fn by_status(status: u16, wording: &Wording, retry_after_ms: Option<u64>) -> Class {
    match (status, wording.form) {
        (401, _) => Class::CredentialDead,
        (402, _) => Class::MoneyOut,
        // A page instead of an envelope comes from something between us and the provider.
        (403, Form::Foreign) => Class::Network,
        // A refusal that does not name the model may be of anything that this one request asked for: a file, a beta.
        (403, _) if wording.names_model_or_plan() => Class::Entitlement(EntitlementScope::KeyModel),
        (403, _) => Class::Entitlement(EntitlementScope::Request),
        (413 | 414 | 431, _) => Class::ClientFault,
        (407, _) | (400..=499, Form::Foreign) => Class::Network,
        (408 | 425, _) => Class::Overload { retry_after_ms },
        (400..=499, _) | (501 | 505, Form::Json) => Class::ClientFault,
        (500..=599, _) => Class::Overload { retry_after_ms },
        _ => Class::Network,
    }
}

/// How long an answer asks to wait, in milliseconds from `now`; only where it says so sanely.
pub(super) fn asked_pause_ms(now: Timestamp, headers: &Fields) -> Option<u64> {
    reset::retry_after(now, headers).map(|until| now.ms_until(until))
}
