//! Spans of time as people type them: `500ms`, `30s`, `10m`, `6h`, `0`.

/// A span of time, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The span in milliseconds.
    pub(crate) millis: u64,
}

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// The text is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a number with a unit: 500ms, 30s, 10m, 6h or 7d")]
pub(crate) struct SpanError;

impl std::str::FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        if text == "0" {
            return Ok(Self { millis: 0 });
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or(SpanError)?;
        let number: u64 = number.parse().map_err(|_| SpanError)?;
        let factor = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, factor) = factor.ok_or(SpanError)?;
        let millis = number.checked_mul(*factor).ok_or(SpanError)?;
        Ok(Self { millis })
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
        assert_eq!(millis("0"), Ok(0));
        for bad in [
            "",
            "s",
            "10",
            "1.5s",
            "-1s",
            "10 s",
            "10S",
            "99999999999999999999s",
            "é",
        ] {
            assert!(millis(bad).is_err(), "{bad:?}");
        }
    }
}
