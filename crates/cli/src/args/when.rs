//! A moment of the past as people type it: a span back from now, a day, or a moment.

use super::duration::Span;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::str::FromStr;

/// A moment, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At this moment.
    At(Timestamp),
    /// So long ago.
    Ago(Span),
}

/// The text is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "write a span back from now like 15m or 30d, a day like 2026-11-22 (its beginning in UTC), or a moment like 2026-11-22T12:00:00Z"
)]
pub(crate) struct WhenError;

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        if let Ok(span) = Span::of_any_length(text) {
            return Ok(Self::Ago(span));
        }
        if let Ok(moment) = text.parse() {
            return Ok(Self::At(moment));
        }
        // A day is read as its midnight, and a time without an offset as one in UTC.
        let civil: DateTime = text.parse().map_err(|_| WhenError)?;
        let moment = civil.to_zoned(TimeZone::UTC).map_err(|_| WhenError)?;
        Ok(Self::At(moment.timestamp()))
    }
}

impl When {
    /// The moment in RFC 3339, seen from `now`.
    pub(crate) fn moment(self, now: Timestamp) -> String {
        self.timestamp(now).to_string()
    }

    /// Its day in UTC, such as `2026-11-22`, seen from `now`.
    pub(crate) fn day(self, now: Timestamp) -> String {
        self.timestamp(now).strftime("%Y-%m-%d").to_string()
    }

    /// No plane knows of anything before 1970, however long ago that is typed to be.
    fn timestamp(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(span) => {
                let millis = i64::try_from(span.millis).unwrap_or(i64::MAX);
                let then = now.as_millisecond().saturating_sub(millis).max(0);
                Timestamp::from_millisecond(then).unwrap_or(Timestamp::UNIX_EPOCH)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_back_days_and_moments_are_read() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let moment = |text: &str| text.parse::<When>().map(|when| when.moment(now));
        assert_eq!(moment("15m").unwrap(), "2026-03-01T11:45:00Z");
        assert_eq!(moment("30d").unwrap(), "2026-01-30T12:00:00Z");
        assert_eq!(moment("99999d").unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(moment("2026-02-01").unwrap(), "2026-02-01T00:00:00Z");
        assert_eq!(
            moment("2026-02-01T00:00:00+01:00").unwrap(),
            "2026-01-31T23:00:00Z"
        );
        for bad in ["", "yesterday", "30", "2026-13-01", "d"] {
            assert_eq!(moment(bad), Err(WhenError), "{bad:?}");
        }
    }

    #[test]
    fn days_are_told_in_utc() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let day = |text: &str| text.parse::<When>().map(|when| when.day(now));
        assert_eq!(day("0d").unwrap(), "2026-03-01");
        assert_eq!(day("30d").unwrap(), "2026-01-30");
        assert_eq!(day("2026-02-01").unwrap(), "2026-02-01");
        assert_eq!(day("2026-02-01T00:00:00+01:00").unwrap(), "2026-01-31");
    }
}
