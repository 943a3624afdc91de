//! Points in time as providers write them, and which of them are believed.
//!
//! Epoch seconds and milliseconds, RFC 3339, HTTP dates in all three forms (RFC 9110, 5.6.7), Go durations (`6m0s`), bare
//! seconds; of several in a list, as whoever stands between may join them, the first. What lies more than
//! [`FARTHEST_MS`] ahead, is negative or makes no sense counts as not stated; so does a pause of zero, which on a
//! refusal would mean a hot loop. A moment that has passed is stated: what follows from it is the pool's to decide.

use super::fields::Fields;
use jiff::{fmt::strtime, tz::TimeZone};
use portunus_core::pool::answer::{Family, WindowId, WindowReading, WindowStatus};
use portunus_core::time::Timestamp;

/// The farthest reset that is believed, in milliseconds: no provider's window is longer than a month.
pub const FARTHEST_MS: u64 = 31 * 24 * 3_600_000;

/// Whole seconds are rounded; a `Retry-After` this much past a reset says nothing new. In milliseconds.
const ROUNDING_MS: u64 = 2_000;

/// Commas after which the first of a list has ended: a date has one of its own.
const COMMAS: usize = 2;

/// Reads a moment or a pause from `now` on, in any of the forms above.
#[must_use]
pub fn read(now: Timestamp, text: &str) -> Option<Timestamp> {
    let firsts = text
        .match_indices(',')
        .take(COMMAS)
        .filter_map(|(at, _)| text.get(..at));
    read_one(now, text).or_else(|| firsts.filter_map(|first| read_one(now, first)).next())
}

fn read_one(now: Timestamp, text: &str) -> Option<Timestamp> {
    let text = text.trim_ascii();
    // No number and no duration looks like that, and dates as in RFC 3339 are the most common by far.
    let is_hyphen = |at: usize| text.as_bytes().get(at) == Some(&b'-');
    if !(is_hyphen(4) && is_hyphen(7)) {
        if let Ok(number) = text.parse::<f64>() {
            return read_number(now, number);
        }
        if let Some(pause) = duration_ms(text) {
            return after(now, pause);
        }
    }
    let moment = text
        .parse::<jiff::Timestamp>()
        .or_else(|_| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text))
        .ok()
        .or_else(|| old_http_date(text))?;
    believed(
        now,
        Timestamp::from_millis(u64::try_from(moment.as_millisecond()).ok()?),
    )
}

/// An HTTP date as RFC 850 and C's `asctime` wrote them. Both are in UTC.
fn old_http_date(text: &str) -> Option<jiff::Timestamp> {
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .into_iter()
        .find_map(|form| strtime::parse(form, text).ok()?.to_datetime().ok())
        .and_then(|date| TimeZone::UTC.to_timestamp(date).ok())
}

/// A number is epoch milliseconds, epoch seconds, or seconds from now, by its size.
fn read_number(now: Timestamp, number: f64) -> Option<Timestamp> {
    if number >= 1e12 {
        return believed(now, Timestamp::from_millis(whole(number)?));
    }
    let millis = whole((number * 1000.0).ceil())?;
    if number >= 1e9 {
        believed(now, Timestamp::from_millis(millis))
    } else {
        after(now, millis)
    }
}

fn after(now: Timestamp, pause_ms: u64) -> Option<Timestamp> {
    (pause_ms > 0)
        .then(|| now.plus_ms(pause_ms))
        .and_then(|at| believed(now, at))
}

fn believed(now: Timestamp, at: Timestamp) -> Option<Timestamp> {
    (now.ms_until(at) <= FARTHEST_MS).then_some(at)
}

/// A number that is whole milliseconds; `None` when it is negative or no number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked first; below 2^53 nothing is lost"
)]
pub(super) fn whole(number: f64) -> Option<u64> {
    (0.0..9e15).contains(&number).then_some(number as u64)
}

/// A Go duration such as `6m0s`, `1h2m3.5s`, `100ms` or `7d`, in milliseconds, rounded up.
#[must_use]
pub fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .filter(|at| *at > 0)?;
        let (number, tail) = rest.split_at(digits);
        let unit_length = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_length);
        let unit_ms = match unit {
            "d" => 86_400_000.0,
            "h" => 3_600_000.0,
            "m" => 60_000.0,
            "s" => 1000.0,
            "ms" => 1.0,
            "us" | "\u{b5}s" => 1e-3,
            "ns" => 1e-6,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * unit_ms;
        rest = tail;
    }
    whole(total.ceil())
}

/// The moment that a header states.
#[must_use]
pub fn header(now: Timestamp, headers: &Fields, name: &str) -> Option<Timestamp> {
    read(now, headers.text(name)?)
}

/// Until when an answer asks to wait: `retry-after-ms`, else `retry-after` (seconds, a fraction, an HTTP date).
#[must_use]
pub fn retry_after(now: Timestamp, headers: &Fields) -> Option<Timestamp> {
    let millis = headers
        .text("retry-after-ms")
        .and_then(|text| text.trim().parse::<f64>().ok())
        .and_then(|number| whole(number.ceil()))
        .and_then(|pause| after(now, pause));
    millis.or_else(|| header(now, headers, "retry-after"))
}

/// Completes the windows of a refusal.
///
/// `stated` is what the answer asks for outside of any window. It fills in for rejected windows without a reset, and
/// lengthens the latest one when it asks for clearly more. When no window that binds `family` is rejected,
/// `otherwise` is, until `stated`.
pub fn settle(
    family: &Family,
    windows: &mut Vec<WindowReading>,
    stated: Option<Timestamp>,
    otherwise: WindowId,
) {
    let binds = |window: &WindowReading| {
        window.status == WindowStatus::Rejected && window.id.scope.binds(family)
    };
    if !windows.iter().any(binds) {
        windows.retain(|window| window.id != otherwise);
        windows.push(WindowReading {
            id: otherwise,
            status: WindowStatus::Rejected,
            utilization: None,
            remaining: None,
            reset: stated,
        });
    }
    for window in windows.iter_mut().filter(|window| binds(window)) {
        window.reset = window.reset.or(stated);
    }
    let latest = windows
        .iter_mut()
        .filter(|window| binds(window))
        .max_by_key(|window| window.reset);
    if let (Some(window), Some(stated)) = (latest, stated)
        && window
            .reset
            .is_none_or(|reset| reset.plus_ms(ROUNDING_MS) < stated)
    {
        window.reset = Some(stated);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_781_960_000);

    #[test]
    fn every_form_of_a_moment_is_read() {
        for (text, after_ms) in [
            ("1781960060", 60_000),
            ("1781960060000", 60_000),
            ("60", 60_000),
            ("0.5", 500),
            ("6m0s", 360_000),
            ("1h2m3.5s", 3_723_500),
            ("100ms", 100),
            ("2d", 172_800_000),
            ("2026-06-20T12:54:20Z", 60_000),
            ("Sat, 20 Jun 2026 12:54:20 GMT", 60_000),
            ("Saturday, 20-Jun-26 12:54:20 GMT", 60_000),
            ("Sat Jun 20 12:54:20 2026", 60_000),
            ("Wed Jul  1 12:53:20 2026", 11 * 86_400_000),
            ("3, 5", 3_000),
            ("6m0s,7m0s", 360_000),
            ("Sat, 20 Jun 2026 12:54:20 GMT, 5", 60_000),
            ("Saturday, 20-Jun-26 12:54:20 GMT, 5", 60_000),
            ("Sat Jun 20 12:54:20 2026, 5", 60_000),
        ] {
            assert_eq!(read(NOW, text), Some(NOW.plus_ms(after_ms)), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_not_stated() {
        for text in [
            "",
            "0",
            "-1",
            "0s",
            "soon",
            "NaN",
            "inf",
            "-5s",
            "s",
            "9999-12-31T23:59:59Z",
            "253402300799",
            "9999999",
            "1e400",
            "5 parsecs",
            ", 5",
            "soon, later, 5",
            "Sunday, 20-Jun-26 12:54:20 GMT",
            "Sat Jun 20 12:54:20 1926",
        ] {
            assert_eq!(read(NOW, text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn hostile_moments_are_read_without_a_panic(text in "\\PC{0,30}", number: f64) {
            for text in [text, number.to_string()] {
                if let Some(at) = read(NOW, &text) {
                    proptest::prop_assert!(NOW.ms_until(at) <= FARTHEST_MS);
                }
            }
        }
    }
}
