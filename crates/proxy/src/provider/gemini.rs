//! Google's error bodies (`google.rpc.Status`), as its `OpenAI`-compatible endpoint answers them too.
//!
//! Source: ai.google.dev "Rate limits" and `google/rpc/error_details.proto`. A day ends at midnight Pacific time, also
//! when `RetryInfo` asks for less.

use super::answer::{self, Answer};
use super::family::family;
use super::reset;
use super::wording::Wording;
use jiff::{ToSpan, tz::TimeZone};
use portunus_core::pool::answer::{
    Class, EntitlementScope, Family, Observation, WindowId, WindowScope,
};
use portunus_core::provider_key::Protocol;
use portunus_core::time::Timestamp;
use serde_json::Value;

/// Pacific time with its daylight saving rules, in POSIX form, so that no time zone database is needed.
const PACIFIC: &str = "PST8PDT,M3.2.0,M11.1.0";

/// Reads an answer of an upstream that is known to be Google's.
#[must_use]
pub fn classify(model: &str, now: Timestamp, answer: &Answer<'_>) -> Observation {
    if (200..300).contains(&answer.status) {
        return Observation::bare(Class::Ok);
    }
    let family = family(Protocol::OpenAi, model);
    read(&family, now, answer, &Wording::read(answer.body))
}

/// Whether an error body is Google's: it has a `status` such as `RESOURCE_EXHAUSTED`, or typed details.
pub(super) fn speaks(wording: &Wording) -> bool {
    let status = wording.error.get("status").and_then(Value::as_str);
    let shouted = |b: u8| b.is_ascii_uppercase() || b == b'_';
    status.is_some_and(|status| !status.is_empty() && status.bytes().all(shouted))
        || details(wording).any(|detail| detail.get("@type").is_some())
}

/// Reads an error that [`speaks`] like Google.
pub(super) fn read(
    family: &Family,
    now: Timestamp,
    answer: &Answer<'_>,
    wording: &Wording,
) -> Observation {
    let reason = detail(wording, "/reason").unwrap_or_default();
    let pause = answer::asked_pause_ms(now, answer.headers);
    let class = match (answer.status, reason) {
        (_, "API_KEY_INVALID" | "API_KEY_EXPIRED" | "CONSUMER_SUSPENDED" | "CONSUMER_INVALID") => {
            Class::CredentialDead
        }
        (_, "BILLING_DISABLED") => Class::MoneyOut,
        (status, _) if wording.says_credential_is_dead(status) => Class::CredentialDead,
        (429, "MODEL_CAPACITY_EXHAUSTED") => Class::Overload {
            retry_after_ms: pause,
        },
        (429, _) if wording.says("credits are depleted") => Class::MoneyOut,
        (429, _) if has_no_share(wording) => Class::Entitlement(EntitlementScope::KeyModel),
        (429, _) => return limited(family, now, answer, wording),
        (status, _) => answer::by_status(status, wording, pause),
    };
    Observation::bare(class)
}

/// A quota of zero: this key's plan has none of the model.
fn has_no_share(wording: &Wording) -> bool {
    violations(wording).any(|violation| match violation.get("quotaValue") {
        Some(Value::String(text)) => text == "0",
        Some(Value::Number(number)) => number.as_u64() == Some(0),
        _ => false,
    }) || wording.message.contains("limit: 0,")
}

fn limited(family: &Family, now: Timestamp, answer: &Answer<'_>, wording: &Wording) -> Observation {
    let quotas: Vec<&str> = violations(wording)
        .filter_map(|violation| violation.get("quotaId")?.as_str())
        .collect();
    let by_day = quotas.iter().any(|quota| quota.contains("PerDay"));
    let pause = |pointer| detail(wording, pointer).and_then(|text| reset::read(now, text));
    let asked = pause("/retryDelay").max(reset::retry_after(now, answer.headers));
    let stated = pause("/metadata/quotaResetDelay")
        .or_else(|| by_day.then(|| pacific_midnight(now)).flatten());
    let otherwise = WindowId {
        scope: WindowScope::Family(family.clone()),
        kind: if by_day { "day" } else { "minute" }.into(),
    };
    let mut windows = Vec::new();
    reset::settle(family, &mut windows, stated.max(asked), otherwise);
    Observation {
        class: Class::Quota,
        windows,
    }
}

/// The next midnight in California.
fn pacific_midnight(now: Timestamp) -> Option<Timestamp> {
    let zone = TimeZone::posix(PACIFIC).ok()?;
    let moment = jiff::Timestamp::from_millisecond(i64::try_from(now.as_millis()).ok()?).ok()?;
    let tomorrow = moment
        .to_zoned(zone)
        .checked_add(1.day())
        .ok()?
        .start_of_day()
        .ok()?;
    u64::try_from(tomorrow.timestamp().as_millisecond())
        .ok()
        .map(Timestamp::from_millis)
}

fn details(wording: &Wording) -> impl Iterator<Item = &Value> {
    wording
        .error
        .get("details")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn detail<'a>(wording: &'a Wording, pointer: &str) -> Option<&'a str> {
    details(wording).find_map(|detail| detail.pointer(pointer)?.as_str())
}

fn violations(wording: &Wording) -> impl Iterator<Item = &Value> {
    details(wording)
        .filter_map(|detail| detail.get("violations")?.as_array())
        .flatten()
}

/// The HTTP status of an error inside a stream, as its `code` says.
pub(super) fn status_of(wording: &Wording) -> u16 {
    wording
        .code
        .parse::<u16>()
        .ok()
        .filter(|status| (400..600).contains(status))
        .unwrap_or(500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_california_summer_and_winter() {
        for (now, midnight) in [
            ("2026-06-20T12:00:00Z", "2026-06-21T07:00:00Z"),
            ("2026-01-20T07:59:59Z", "2026-01-20T08:00:00Z"),
            ("2026-03-08T09:00:00Z", "2026-03-09T07:00:00Z"),
        ] {
            let at = |text: &str| {
                let millis = text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
                Timestamp::from_millis(u64::try_from(millis).unwrap())
            };
            assert_eq!(pacific_midnight(at(now)), Some(at(midnight)));
        }
    }
}
