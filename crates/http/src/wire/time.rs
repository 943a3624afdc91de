//! Moments as RFC 3339 in UTC, with milliseconds.

use portunus_core::time::Timestamp;

/// `2026-03-01T12:00:00.250Z`; moments beyond the year 9999 are written as its end.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    format!("{moment:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_with_milliseconds() {
        assert_eq!(
            rfc3339(Timestamp::from_millis(1_772_366_400_250)),
            "2026-03-01T12:00:00.250Z"
        );
        assert_eq!(rfc3339(Timestamp::EPOCH), "1970-01-01T00:00:00.000Z");
        assert!(rfc3339(Timestamp::from_millis(u64::MAX)).starts_with("9999-"));
    }
}
