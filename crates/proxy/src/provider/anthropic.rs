//! Anthropic's answers: what an error says, and the token buckets of API keys.
//!
//! Source: docs.anthropic.com "Errors" and "Rate limits". Subscription windows are in [`super::unified`].

use super::answer::{self, Answer};
use super::bucket::{self, Part};
use super::fields::Fields;
use super::wording::Wording;
use super::{reset, unified};
use portunus_core::pool::answer::{
    Class, EntitlementScope, Family, Observation, WindowId, WindowReading, WindowScope,
    WindowStatus,
};
use portunus_core::time::Timestamp;

const PREFIX: &str = "anthropic-ratelimit-";

/// Reads an answer of the Messages API.
pub(super) fn classify(family: &Family, now: Timestamp, answer: &Answer<'_>) -> Observation {
    if (200..300).contains(&answer.status) {
        return accepted(family, now, answer.headers);
    }
    let wording = Wording::read(answer.body);
    if let Some(class) = in_words(answer.status, &wording) {
        return Observation::bare(class);
    }
    if answer.status == 429 {
        return limited(family, now, answer.headers, &wording);
    }
    let pause = answer::asked_pause_ms(now, answer.headers);
    Observation::bare(answer::by_status(answer.status, &wording, pause))
}

fn accepted(family: &Family, now: Timestamp, headers: &Fields) -> Observation {
    if !answer::is_readable(headers) {
        return Observation::bare(Class::Network);
    }
    if !shows_limits(headers) {
        return Observation::bare(Class::Ok);
    }
    let mut windows = unified::accepted(family, now, headers);
    windows.extend(buckets(family, now, headers));
    Observation {
        class: Class::Ok,
        windows,
    }
}

/// Whether there is anything to read about limits; many answers say nothing.
fn shows_limits(headers: &Fields) -> bool {
    headers.names().any(|name| name.starts_with(PREFIX))
}

/// What the words say, whatever the status. Phrases are from the errors that users report verbatim.
fn in_words(status: u16, wording: &Wording) -> Option<Class> {
    if status >= 500 {
        return None;
    }
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| wording.says(phrase));
    if wording.is_any(&["overloaded_error"]) {
        return Some(Class::Overload {
            retry_after_ms: None,
        });
    }
    let paid_extra = ["extra usage", "credit", "not yet available", "not enabled"];
    let special = says(&["long context", "long-context", "fast mode", "fast-mode"]);
    let wrong_kind_of_key = ["out of extra usage", "only authorized for use with"];
    if (special && says(&paid_extra)) || says(&wrong_kind_of_key) {
        return Some(Class::Entitlement(EntitlementScope::Request));
    }
    if wording.is_any(&["billing_error"])
        || says(&["credit balance", "your specified api usage limits"])
    {
        return Some(Class::MoneyOut);
    }
    wording
        .says_credential_is_dead(status)
        .then_some(Class::CredentialDead)
}

fn limited(family: &Family, now: Timestamp, headers: &Fields, wording: &Wording) -> Observation {
    let stated = reset::retry_after(now, headers);
    let subscription = unified::refused(family, now, headers);
    let mut windows = subscription.windows;
    windows.extend(buckets(family, now, headers));
    let spent = windows
        .iter()
        .any(|window| window.remaining == Some(0) || window.status == WindowStatus::Rejected);
    // The word "Error" alone, or a page: no quota of the key's is spent, the edge had no room.
    let no_quota = wording.message == "error" || wording.form == super::wording::Form::Foreign;
    if !spent && !subscription.rejected && no_quota {
        let retry_after_ms = stated.map(|until| now.ms_until(until));
        return Observation::bare(Class::Overload { retry_after_ms });
    }
    bucket::reject(&mut windows, named_kind(wording), stated);
    let otherwise = subscription.otherwise.unwrap_or(WindowId {
        scope: WindowScope::Family(family.clone()),
        kind: named_kind(wording).unwrap_or("limit").into(),
    });
    let stated = subscription.reset.max(stated);
    reset::settle(family, &mut windows, stated, otherwise);
    Observation {
        class: Class::Quota,
        windows,
    }
}

/// Which bucket the message names, most specific first.
fn named_kind(wording: &Wording) -> Option<&'static str> {
    let says = |phrase| wording.message.contains(phrase);
    [
        ("output tokens", "output-tokens"),
        ("input tokens", "input-tokens"),
        ("request tokens", "tokens"),
        ("tokens per", "tokens"),
        ("requests per", "requests"),
        ("number of requests", "requests"),
        ("concurrent", "concurrency"),
    ]
    .into_iter()
    .find_map(|(phrase, kind)| says(phrase).then_some(kind))
}

fn buckets(family: &Family, now: Timestamp, headers: &Fields) -> Vec<WindowReading> {
    let shown = bucket::shown(headers, |name| {
        let (kind, part) = name.strip_prefix(PREFIX)?.rsplit_once('-')?;
        let is_bucket = matches!(
            kind,
            "requests" | "tokens" | "input-tokens" | "output-tokens"
        );
        Some((kind, Part::from_word(part)?)).filter(|_| is_bucket)
    });
    let read = |bucket| bucket::read(family, now, bucket);
    shown.iter().filter_map(read).collect()
}

/// The status that an error inside a stream would have had as an answer.
pub(super) fn status_of(wording: &Wording) -> u16 {
    match wording.kind.as_str() {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    }
}
