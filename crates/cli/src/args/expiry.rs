//! The end of a new token as people type it: a span from now, a moment, or a day.

use super::duration::Span;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::str::FromStr;

/// When a new token is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// So long after the plane made it.
    In(Span),
    /// At this moment.
    At(Timestamp),
}

/// The text is no end of a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "write a span like 8h or 30d, a moment like 2027-01-01T00:00:00Z, or a day like 2027-01-01 (its beginning in UTC)"
)]
pub(crate) struct ExpiryError;

impl FromStr for Expiry {
    type Err = ExpiryError;

    fn from_str(text: &str) -> Result<Self, ExpiryError> {
        if let Ok(span) = Span::of_any_length(text) {
            return match span.millis {
                0 => Err(ExpiryError),
                _ => Ok(Self::In(span)),
            };
        }
        if let Ok(moment) = text.parse() {
            return Ok(Self::At(moment));
        }
        let day: Date = text.parse().map_err(|_| ExpiryError)?;
        let begins = day.to_zoned(TimeZone::UTC).map_err(|_| ExpiryError)?;
        Ok(Self::At(begins.timestamp()))
    }
}

impl Expiry {
    /// As the field `expires_at` of a body.
    pub(crate) fn at(self) -> Option<String> {
        match self {
            Self::In(_) => None,
            Self::At(moment) => Some(moment.to_string()),
        }
    }

    /// As the field `expires_in_ms` of a body.
    pub(crate) const fn in_ms(self) -> Option<u64> {
        match self {
            Self::In(span) => Some(span.millis),
            Self::At(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_moments_and_days_are_read() {
        let read = |text: &str| text.parse::<Expiry>();
        assert_eq!(read("8h").unwrap().in_ms(), Some(28_800_000));
        assert_eq!(read("90d").unwrap().in_ms(), Some(7_776_000_000));
        let at = |text: &str| read(text).unwrap().at().unwrap();
        assert_eq!(at("2027-01-01"), "2027-01-01T00:00:00Z");
        assert_eq!(at("2027-01-01T02:00:00+01:00"), "2027-01-01T01:00:00Z");
        for bad in ["", "0", "tomorrow", "2027-13-01", "8"] {
            assert_eq!(read(bad), Err(ExpiryError), "{bad:?}");
        }
    }
}
