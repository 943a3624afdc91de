//! Spans of time as people type them and as settings are shown: `500ms`, `30s`, `1h30m`, `7d`, `0`.

use std::fmt;

/// The longest span that a plane takes anywhere, in milliseconds: seven days.
const LONGEST: u64 = 604_800_000;

/// A span of time, in whole milliseconds. What it is shown as reads back as the same span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The span in milliseconds.
    pub(crate) millis: u64,
}

/// From the largest down, as they must follow each other.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The text is no span of time that can be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpanError {
    /// It cannot be read.
    #[error("write numbers with units: 500ms, 30s, 10m, 1h30m or 7d")]
    Unreadable,
    /// It can be read and is too long.
    #[error("must be at most {}", Span { millis: LONGEST })]
    TooLong,
}

impl std::str::FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        match Self::of_any_length(text)? {
            span if span.millis <= LONGEST => Ok(span),
            _ => Err(SpanError::TooLong),
        }
    }
}

impl Span {
    /// Reads a span that may be longer than others; one beyond all measure is cut.
    pub(crate) fn of_any_length(text: &str) -> Result<Self, SpanError> {
        if text == "0" {
            return Ok(Self { millis: 0 });
        }
        let mut millis = 0_u64;
        let mut rest = text;
        let mut smaller = UNITS.as_slice();
        while !rest.is_empty() {
            let (number, after) = split(rest, |c| c.is_ascii_digit());
            let (unit, after) = split(after, |c| c.is_ascii_lowercase());
            let at = smaller.iter().position(|(name, _)| *name == unit);
            let (_, factor) = at
                .and_then(|at| smaller.get(at))
                .ok_or(SpanError::Unreadable)?;
            smaller = smaller.get(at.map_or(0, |at| at + 1)..).unwrap_or_default();
            if number.is_empty() {
                return Err(SpanError::Unreadable);
            }
            // All that is left to go wrong with digits is that there are too many of them.
            let number: u64 = number.parse().map_err(|_| SpanError::TooLong)?;
            millis = millis.saturating_add(number.saturating_mul(*factor));
            rest = if after.is_empty() {
                ""
            } else {
                after.strip_prefix(' ').unwrap_or(after)
            };
        }
        if text.is_empty() {
            return Err(SpanError::Unreadable);
        }
        Ok(Self { millis })
    }
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.millis == 0 {
            return f.write_str("0");
        }
        let mut rest = self.millis;
        for (unit, factor) in UNITS {
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_nothing_else() {
        let millis = |text: &str| text.parse::<Span>().map(|span| span.millis);
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("30s"), Ok(30_000));
        assert_eq!(millis("10m"), Ok(600_000));
        assert_eq!(millis("6h"), Ok(21_600_000));
        assert_eq!(millis("7d"), Ok(604_800_000));
        assert_eq!(millis("1h30m"), Ok(5_400_000));
        assert_eq!(millis("1h 30m"), Ok(5_400_000));
        assert_eq!(millis("0"), Ok(0));
        for bad in [
            "", "s", "10", "1.5s", "-1s", "10 s", "10S", "é", "30m1h", "1m1m", "1h  2m", " 1h",
        ] {
            assert_eq!(millis(bad), Err(SpanError::Unreadable), "{bad:?}");
        }
        for long in [
            "8d",
            "7d1ms",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(millis(long), Err(SpanError::TooLong), "{long:?}");
        }
        assert_eq!(SpanError::TooLong.to_string(), "must be at most 7d");
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same_span() {
        let shown = [500, 1_500, 600_000, 5_400_000, 0, 90_061_001].map(|millis| {
            let text = Span { millis }.to_string();
            assert_eq!(text.parse(), Ok(Span { millis }), "{text}");
            text
        });
        assert_eq!(shown.join(" "), "500ms 1s500ms 10m 1h30m 0 1d1h1m1s1ms");
    }
}
