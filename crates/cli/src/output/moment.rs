//! Moments and spans in words. Countdowns are measured against the plane's clock, never against ours.

use jiff::Timestamp;

/// `4m 12s`, `3h 5m`, `2d 4h`, `now`: the two largest units of a span in milliseconds, rounded up to seconds.
pub(crate) fn span(millis: u64) -> String {
    let seconds = millis.div_ceil(1000);
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{large}{unit}")
        } else {
            format!("{large}{unit} {small}{small_unit}")
        }
    };
    match (days, hours, minutes, rest) {
        (0, 0, 0, 0) => "now".to_owned(),
        (0, 0, 0, rest) => format!("{rest}s"),
        (0, 0, minutes, rest) => two(minutes, "m", rest, "s"),
        (0, hours, minutes, _) => two(hours, "h", minutes, "m"),
        (days, hours, ..) => two(days, "d", hours, "h"),
    }
}

/// Milliseconds from `now` to `then`, both RFC 3339; `None` when either cannot be read.
pub(crate) fn millis_between(now: &str, then: &str) -> Option<u64> {
    let now: Timestamp = now.parse().ok()?;
    let then: Timestamp = then.parse().ok()?;
    let millis = then.as_millisecond().saturating_sub(now.as_millisecond());
    Some(u64::try_from(millis).unwrap_or(0))
}

/// `in 4m 12s` for a moment after `now`; `now` for one that has come.
pub(crate) fn countdown(now: &str, then: &str) -> String {
    match millis_between(now, then) {
        Some(0) => "now".to_owned(),
        Some(millis) => format!("in {}", span(millis)),
        None => then.to_owned(),
    }
}

/// An RFC 3339 moment without its fraction: `2026-11-03 14:05:12Z`.
pub(crate) fn stamp(moment: &str) -> String {
    moment.parse::<Timestamp>().map_or_else(
        |_| moment.to_owned(),
        |moment| moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
    )
}

/// The same for milliseconds since 1970, written in digits.
pub(crate) fn stamp_of_millis(millis: &str) -> Option<String> {
    let moment = Timestamp::from_millisecond(millis.parse().ok()?).ok()?;
    Some(stamp(&moment.to_string()))
}

/// The same for seconds since 1970.
pub(crate) fn stamp_of_second(second: u64) -> String {
    let moment = i64::try_from(second).ok();
    let moment = moment.and_then(|second| Timestamp::from_second(second).ok());
    moment.map_or_else(|| second.to_string(), |moment| stamp(&moment.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_at_most() {
        let spans = [0, 1, 59_001, 61_000, 3_600_000, 11_100_000, 187_200_000].map(span);
        assert_eq!(spans.join(", "), "now, 1s, 1m, 1m 1s, 1h, 3h 5m, 2d 4h");
    }

    #[test]
    fn moments_are_told_from_the_planes_now() {
        let now = "2026-11-03T10:00:00Z";
        assert_eq!(countdown(now, "2026-11-03T10:04:12.5Z"), "in 4m 13s");
        assert_eq!(countdown(now, "2026-11-03T09:00:00Z"), "now");
        assert_eq!(stamp("2026-11-03T10:00:00.123Z"), "2026-11-03 10:00:00Z");
        assert_eq!(stamp("never"), "never");
    }
}
