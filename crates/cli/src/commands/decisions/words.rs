//! What the names and numbers of a decision mean, in words.

use crate::output::{Tone, moment};
use jiff::Timestamp;
use portunus_api::decisions::{Attempt, Decision, Outcome, PassedOver, TokensUsed};
use portunus_core::usage::Money;

/// How it ended.
pub(super) const fn outcome(outcome: Outcome) -> (&'static str, Tone) {
    match outcome {
        Outcome::Served => ("served", Tone::Good),
        Outcome::ClientFault => ("client's fault", Tone::Warn),
        Outcome::Refused => ("refused", Tone::Bad),
        Outcome::BrokenOff => ("broken off", Tone::Bad),
        Outcome::ClientLeft => ("client left", Tone::Warn),
    }
}

/// Why a key was chosen. Names of a newer plane are told as they are.
pub(super) fn chosen_for(name: &str) -> &str {
    match name {
        "only_one" => "the only key that could serve",
        "bound" => "the request is bound to it",
        "not_spent" => "the others that could serve look spent",
        "priority" => "its priority comes first",
        "conversation" => "the conversation is on it",
        "headroom" => "it has more headroom",
        "least_recent" => "it was used least recently",
        "probe" => "it had come back into service, and this one request tried it",
        "queue" => "it came free when it was this request's turn",
        other => other,
    }
}

/// What an answer was taken for, and how bad that is.
pub(super) fn class(name: &str) -> (&str, Tone) {
    match name {
        "ok" => ("an answer for the client", Tone::Good),
        "quota" => ("a quota of the key is spent", Tone::Warn),
        "overload" => ("the provider has no capacity, or failed inside", Tone::Warn),
        "credential_dead" => ("the provider does not accept the key any more", Tone::Bad),
        "money_out" => ("the account has no money left", Tone::Bad),
        "entitlement" => ("the key is not entitled to this", Tone::Warn),
        "client_fault" => ("the request itself is at fault", Tone::Warn),
        "network" => ("no usable answer came", Tone::Bad),
        "unfinished" => ("nobody waited for the answer any more", Tone::Warn),
        other => (other, Tone::Plain),
    }
}

/// The label of a key that was passed over, or its id when the key is gone.
pub(super) fn key(passed: &PassedOver) -> &str {
    passed.label.as_deref().unwrap_or(&passed.key)
}

/// Why a key was passed over at `then`, the moment of the choice.
pub(super) fn why_not(passed: &PassedOver, then: &str) -> String {
    let until = passed.until.as_deref();
    let end = until.map(|until| (clock(until), left(then, until)));
    match (passed.why.as_str(), end) {
        ("disabled", _) => "switched off".to_owned(),
        ("quarantined", _) => "set aside until a person acts".to_owned(),
        ("out_of_money", Some((clock, left))) => {
            format!("no money left, tried again at {clock}, {left} left then")
        }
        ("resting", Some((clock, left))) => {
            let window = passed.window.as_deref().unwrap_or("a");
            format!("resting until {clock} ({window} window), {left} left then")
        }
        ("being_tried", _) => "back in service, and others were trying it".to_owned(),
        ("not_entitled", _) => "it refused this model, or this request".to_owned(),
        ("avoided", _) => "it failed this request, or others a moment before".to_owned(),
        ("not_bound", _) => "the request is bound to another key".to_owned(),
        ("spent", _) => "a window of it looked empty".to_owned(),
        ("lower_priority", _) => "another key's priority comes first".to_owned(),
        ("conversation_elsewhere", _) => "the conversation is on another key".to_owned(),
        ("less_headroom", _) => passed.headroom_tenths.map_or_else(
            || "less headroom".to_owned(),
            |tenths| format!("less headroom: about {} % left", u32::from(tenths) * 10),
        ),
        ("used_more_recently", _) => "used more recently".to_owned(),
        (other, _) => other.to_owned(),
    }
}

fn left(then: &str, until: &str) -> String {
    match moment::millis_between(then, until) {
        Some(0) | None => "nothing".to_owned(),
        Some(millis) => moment::span(millis),
    }
}

/// The time of day of a moment: `14:03:22Z`.
pub(super) fn clock(moment: &str) -> String {
    moment.parse::<Timestamp>().map_or_else(
        |_| moment.to_owned(),
        |moment| moment.strftime("%H:%M:%SZ").to_string(),
    )
}

/// The moment `after_us` after `moment`.
pub(super) fn later(moment: &str, after_us: u64) -> String {
    let micros = i64::try_from(after_us).unwrap_or(i64::MAX);
    let later = moment.parse::<Timestamp>().ok().and_then(|moment| {
        let later = moment.as_microsecond().checked_add(micros)?;
        Timestamp::from_microsecond(later).ok()
    });
    later.map_or_else(|| moment.to_owned(), |later| later.to_string())
}

/// `0.42 ms`, `430 ms`, `3.12 s`, `4m 12s`: a span in microseconds with three digits or two units.
pub(super) fn span_us(micros: u64) -> String {
    match micros {
        0..1_000 => format!("0.{:02} ms", micros / 10),
        1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros / 100 % 10),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..60_000_000 => format!("{}.{:02} s", micros / 1_000_000, micros / 10_000 % 100),
        _ => moment::span(micros / 1_000),
    }
}

/// The key that was tried last, as `pool:label`.
pub(super) fn last_key(decision: &Decision) -> Option<String> {
    let last = attempts(decision).last()?;
    Some(format!("{}:{}", last.pool, last.label))
}

/// The attempts, in order.
pub(super) fn attempts(decision: &Decision) -> impl Iterator<Item = &Attempt> {
    decision.steps.iter().filter_map(|step| match step {
        portunus_api::decisions::Step::Attempted(attempt) => Some(attempt),
        _ => None,
    })
}

/// `1,540`: with separators, so that people can read it.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// All tokens.
pub(super) const fn tokens(used: &TokensUsed) -> u64 {
    used.input
        .saturating_add(used.cache_read)
        .saturating_add(used.cache_write)
        .saturating_add(used.output)
}

/// `$0.001523` below a cent, `$12.34` above, as `portunus usage` has it.
pub(super) fn dollars(amount: f64) -> String {
    nanos(amount).map_or_else(
        || "-".to_owned(),
        |nanos| Money::from_nanos(nanos).to_string(),
    )
}

/// Billionths of a dollar. By way of digits, because a cast from a float could lose or overflow.
pub(crate) fn nanos(dollars: f64) -> Option<u64> {
    format!("{:.0}", dollars * 1e9).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_three_digits() {
        let spans = [0, 42, 999, 1_230, 43_700, 3_129_999, 252_000_000].map(span_us);
        let expected = [
            "0.00 ms", "0.04 ms", "0.99 ms", "1.2 ms", "43 ms", "3.12 s", "4m 12s",
        ];
        assert_eq!(spans, expected);
    }

    #[test]
    fn numbers_and_money_are_readable() {
        let numbers = [0, 999, 1_000, 1_234_567].map(number);
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0, 0.001523, 12.345].map(dollars),
            ["$0.00", "$0.001523", "$12.34"]
        );
    }

    #[test]
    fn money_keeps_its_billionths() {
        assert_eq!(nanos(0.000_000_001), Some(1));
        assert_eq!(nanos(12.345), Some(12_345_000_000));
        assert_eq!(
            [nanos(f64::NAN), nanos(-1.0), nanos(f64::INFINITY)],
            [None; 3]
        );
    }

    #[test]
    fn moments_are_told_by_the_clock() {
        let at = "2026-11-03T10:00:00.250Z";
        assert_eq!(later(at, 1_500_000), "2026-11-03T10:00:01.75Z");
        assert_eq!(clock(at), "10:00:00Z");
    }
}
