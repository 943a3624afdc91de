//! `OpenAI`'s answers, and those of services that speak like it.
//!
//! Source: platform.openai.com "Error codes" and "Rate limits"; Azure adds whole seconds, -1 and 0; `OpenRouter` one
//! bucket without a name. A body in Google's shape is given to [`super::gemini`], Codex windows to [`super::codex`].

use super::answer::{self, Answer};
use super::bucket::{self, Part};
use super::fields::Fields;
use super::wording::{Form, Wording};
use super::{codex, gemini, reset};
use portunus_core::pool::answer::{
    Class, EntitlementScope, Family, Observation, WindowId, WindowReading, WindowScope,
};
use portunus_core::time::Timestamp;

const PREFIX: &str = "x-ratelimit-";
/// Buckets read from one answer at most.
const MOST_BUCKETS: usize = 8;

const NO_MONEY: [&str; 6] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "insufficient_balance",
    "insufficient_credits",
];
const NO_ACCOUNT: [&str; 5] = [
    "account_deactivated",
    "account_deleted",
    "organization_deactivated",
    "access_terminated",
    "invalid_api_key",
];
const NO_CAPACITY: [&str; 7] = [
    "server_is_overloaded",
    "slow_down",
    "engine_overloaded",
    "overloaded_error",
    "server_error",
    "service_unavailable",
    "service_unavailable_error",
];

/// Reads an answer of Chat Completions, Responses, Embeddings or Models.
pub(super) fn classify(family: &Family, now: Timestamp, answer: &Answer<'_>) -> Observation {
    if (200..300).contains(&answer.status) {
        return accepted(family, now, answer.headers);
    }
    let wording = Wording::read(answer.body);
    if gemini::speaks(&wording) {
        return gemini::read(family, now, answer, &wording);
    }
    let pause = answer::asked_pause_ms(now, answer.headers);
    if let Some(class) = in_words(answer.status, &wording, pause) {
        return Observation::bare(class);
    }
    match answer.status {
        429 if wording.is_any(&["usage_limit_reached"]) => {
            codex::limited(family, now, answer.headers, &wording)
        }
        429 => limited(family, now, answer.headers, &wording),
        status => Observation::bare(answer::by_status(status, &wording, pause)),
    }
}

fn accepted(family: &Family, now: Timestamp, headers: &Fields) -> Observation {
    if !answer::is_readable(headers) {
        return Observation::bare(Class::Network);
    }
    let mut windows = buckets(family, now, headers);
    if codex::speaks(headers) {
        windows.extend(codex::windows(now, headers));
    }
    Observation {
        class: Class::Ok,
        windows,
    }
}

/// What type, code and message say, whatever the status.
fn in_words(status: u16, wording: &Wording, retry_after_ms: Option<u64>) -> Option<Class> {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| wording.says(phrase));
    if status >= 500 {
        return None;
    }
    // A restricted key that lacks the scope of one endpoint serves the others, also for this model: it is not dead.
    if matches!(status, 401 | 403)
        && says(&[
            "missing scopes",
            "insufficient permissions for this operation",
        ])
    {
        return Some(Class::Entitlement(EntitlementScope::Request));
    }
    if wording.is_any(&NO_MONEY) || says(&["exceeded your current quota"]) {
        return Some(Class::MoneyOut);
    }
    if wording.is_any(&NO_ACCOUNT) || wording.says_credential_is_dead(status) {
        return Some(Class::CredentialDead);
    }
    if matches!(status, 408 | 429)
        && (wording.is_any(&NO_CAPACITY) || says(&["currently overloaded"]))
    {
        return Some(Class::Overload { retry_after_ms });
    }
    // Larger than this key's whole window: waiting never helps, a key of a higher tier may.
    if status == 429 && says(&["request too large for"]) {
        return Some(Class::Entitlement(EntitlementScope::Request));
    }
    let not_in_plan = wording.is_any(&["usage_not_included"])
        || (wording.is_any(&["model_not_found"]) && wording.message.contains("have access"));
    not_in_plan.then_some(Class::Entitlement(EntitlementScope::KeyModel))
}

fn limited(family: &Family, now: Timestamp, headers: &Fields, wording: &Wording) -> Observation {
    let stated = reset::retry_after(now, headers).or_else(|| try_again_in(now, &wording.message));
    let mut windows = buckets(family, now, headers);
    if windows.is_empty() && wording.form == Form::Foreign {
        let retry_after_ms = stated.map(|until| now.ms_until(until));
        return Observation::bare(Class::Overload { retry_after_ms });
    }
    windows.extend(codex::windows(now, headers));
    let named = named_kind(wording);
    bucket::reject(&mut windows, named, stated);
    let otherwise = WindowId {
        scope: WindowScope::Family(family.clone()),
        kind: named.unwrap_or("limit").into(),
    };
    reset::settle(family, &mut windows, stated, otherwise);
    Observation {
        class: Class::Quota,
        windows,
    }
}

/// Which bucket the error names, by its type or in the message (`TPM`, `RPD`).
fn named_kind(wording: &Wording) -> Option<&'static str> {
    let message = |phrase| wording.message.contains(phrase);
    if wording.kind == "tokens" || message("(tpm)") || message("(tpd)") {
        Some("tokens")
    } else if wording.kind == "requests" || message("(rpm)") || message("(rpd)") {
        Some("requests")
    } else {
        None
    }
}

/// The pause of "Please try again in 6m0s.", which some answers state nowhere else.
pub(super) fn try_again_in(now: Timestamp, message: &str) -> Option<Timestamp> {
    let (_, rest) = message.rsplit_once("try again in ")?;
    let text = rest
        .split([' ', ','])
        .next()
        .unwrap_or(rest)
        .trim_end_matches('.');
    reset::duration_ms(text)?;
    reset::read(now, text)
}

/// Every `x-ratelimit-*` bucket that the answer shows, by whatever name.
fn buckets(family: &Family, now: Timestamp, headers: &Fields) -> Vec<WindowReading> {
    let shown = bucket::shown(headers, |name| {
        let rest = name.strip_prefix(PREFIX)?;
        let (part, kind) = rest.split_once('-').unwrap_or((rest, "limit"));
        Some((kind, Part::from_word(part)?)).filter(|_| kind.len() < 40)
    });
    shown
        .iter()
        .filter(|bucket| bucket.says_what_remains())
        .take(MOST_BUCKETS)
        .filter_map(|bucket| bucket::read(family, now, bucket))
        .collect()
}

/// The status that an error inside a stream would have had as an answer.
pub(super) fn status_of(wording: &Wording) -> u16 {
    if let Ok(status @ 400..=599) = wording.code.parse::<u16>() {
        return status;
    }
    let limited = [
        "rate_limit_exceeded",
        "rate_limit_error",
        "usage_limit_reached",
        "too_many_requests",
        "tokens",
        "requests",
    ];
    let at_fault = [
        "context_length_exceeded",
        "invalid_prompt",
        "invalid_request_error",
        "invalid_image",
        "content_filter",
        "content_policy_violation",
        "string_above_max_length",
        "bio_policy",
        "cyber_policy",
    ];
    if wording.is_any(&NO_CAPACITY) {
        503
    } else if wording.is_any(&limited) || wording.is_any(&NO_MONEY) {
        429
    } else if wording.is_any(&["authentication_error", "invalid_api_key"]) {
        401
    } else if wording.is_any(&["permission_error", "permission_denied"]) {
        403
    } else if wording.is_any(&["model_not_found", "not_found_error"]) {
        404
    } else if wording.is_any(&at_fault) {
        400
    } else {
        500
    }
}
