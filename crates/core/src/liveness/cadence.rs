//! How often an agent promises to be heard of: `45s`, `10m`, `6h`, `1d`; `0` promises nothing.

use std::fmt;
use std::str::FromStr;

/// The shortest promise, in seconds.
pub const SHORTEST_S: u32 = 1;

/// The longest promise, in seconds: 30 days.
pub const LONGEST_S: u32 = 30 * 86_400;

/// Seconds of each unit, from the largest down.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// An agent's promise to be heard of at least so often; zero promises nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cadence(u32);

/// Why a text is no cadence. Each message goes on after "the cadence".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CadenceError {
    /// Nothing was written.
    #[error("is empty")]
    Empty,
    /// Less than nothing.
    #[error("is negative")]
    Negative,
    /// A part of a unit; the smaller unit says it.
    #[error("is a fraction: a smaller unit says it in whole numbers")]
    Fraction,
    /// A number alone, which could mean any unit.
    #[error("has no unit: s, m, h or d")]
    NoUnit,
    /// Anything else.
    #[error("is not a whole number with one unit: s, m, h or d")]
    Unreadable,
    /// Beyond 30 days, or beyond all numbers.
    #[error("is longer than 30d")]
    TooLong,
}

impl Cadence {
    /// Promises nothing: whoever has it is not watched.
    pub const NONE: Self = Self(0);

    /// What an agent promises that beats without saying how often: 10 minutes.
    pub const USUAL: Self = Self(600);

    /// From seconds, as they are stored. `None` beyond 30 days.
    #[must_use]
    pub const fn from_secs(seconds: u32) -> Option<Self> {
        if seconds > LONGEST_S {
            return None;
        }
        Some(Self(seconds))
    }

    /// In seconds, for storage.
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// Whether nothing is promised.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whoever is silent for longer, in milliseconds, is late.
    #[must_use]
    pub const fn late_after_ms(self) -> u64 {
        self.0 as u64 * 1_000
    }

    /// Whoever is silent for longer, in milliseconds, is offline.
    #[must_use]
    pub const fn offline_after_ms(self) -> u64 {
        self.0 as u64 * 1_500
    }
}

impl FromStr for Cadence {
    type Err = CadenceError;

    fn from_str(text: &str) -> Result<Self, CadenceError> {
        if text.is_empty() {
            return Err(CadenceError::Empty);
        }
        if text.starts_with('-') {
            return Err(CadenceError::Negative);
        }
        let end = text.find(|c: char| !c.is_ascii_digit());
        let (digits, unit) = text.split_at(end.unwrap_or(text.len()));
        if digits.is_empty() && !unit.starts_with('.') {
            return Err(CadenceError::Unreadable);
        }
        if unit.starts_with(['.', ',']) {
            return Err(CadenceError::Fraction);
        }
        let is_zero = digits.bytes().all(|digit| digit == b'0');
        let known = UNITS.iter().find(|(name, _)| unit.chars().eq([*name]));
        let factor = match known {
            Some((_, factor)) => *factor,
            None if !unit.is_empty() => return Err(CadenceError::Unreadable),
            None if is_zero => 1,
            None => return Err(CadenceError::NoUnit),
        };
        // All that is left to go wrong with digits is that there are too many of them.
        let number: u32 = digits.parse().map_err(|_| CadenceError::TooLong)?;
        let seconds = number.checked_mul(factor).ok_or(CadenceError::TooLong)?;
        Self::from_secs(seconds).ok_or(CadenceError::TooLong)
    }
}

impl fmt::Display for Cadence {
    /// In the largest unit that says it in a whole number; reads back as the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, seconds): &&(char, u32)| self.0 != 0 && self.0.is_multiple_of(*seconds);
        match UNITS.iter().find(fits) {
            Some((unit, seconds)) => write!(f, "{}{unit}", self.0 / seconds),
            None => f.write_str("0"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_write_is_read() {
        let seconds = |text: &str| text.parse::<Cadence>().map(Cadence::as_secs);
        for (text, expected) in [
            ("45s", 45),
            ("10m", 600),
            ("45m", 2_700),
            ("6h", 21_600),
            ("1d", 86_400),
            ("30d", 2_592_000),
            ("1s", 1),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_for_its_own_reason() {
        use CadenceError::{Empty, Fraction, Negative, NoUnit, TooLong, Unreadable};
        for (text, why) in [
            ("", Empty),
            ("-5m", Negative),
            ("-0", Negative),
            ("1.5h", Fraction),
            (".5m", Fraction),
            ("1,5h", Fraction),
            ("10", NoUnit),
            ("31d", TooLong),
            ("2592001s", TooLong),
            ("4294967296s", TooLong),
            ("99999999999999999999999d", TooLong),
            ("71582789m", TooLong),
            ("m", Unreadable),
            ("10 m", Unreadable),
            (" 10m", Unreadable),
            ("10M", Unreadable),
            ("10ms", Unreadable),
            ("1h30m", Unreadable),
            ("+5m", Unreadable),
            ("1e3s", Unreadable),
            ("é", Unreadable),
            ("٣s", Unreadable),
            ("NaN", Unreadable),
        ] {
            assert_eq!(text.parse::<Cadence>(), Err(why), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_same(seconds in 0..=LONGEST_S) {
            let cadence = Cadence::from_secs(seconds).unwrap();
            prop_assert_eq!(cadence.to_string().parse(), Ok(cadence));
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,12}") {
            if let Ok(cadence) = text.parse::<Cadence>() {
                prop_assert!(cadence.as_secs() <= LONGEST_S);
            }
        }
    }
}
