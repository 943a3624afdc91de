//! A price per token, exact.

use std::fmt;
use std::str::FromStr;

/// US dollars per million tokens, with six decimals: millionths of a millionth of a dollar per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

/// What is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a price is a number from 0 to 1000000, in US dollars per million tokens, with at most six decimals"
)]
pub struct RateError;

impl Rate {
    /// Costs nothing.
    pub const ZERO: Self = Self(0);
    /// One million dollars per million tokens; more is a typing error.
    const MOST: u64 = 1_000_000 * Self::SCALE;
    const SCALE: u64 = 1_000_000;
    const DECIMALS: usize = 6;

    /// What so many tokens cost, in picodollars.
    pub(super) fn of(self, tokens: u64) -> u128 {
        u128::from(self.0) * u128::from(tokens)
    }
}

impl FromStr for Rate {
    type Err = RateError;

    /// Reads a plain decimal number such as `3`, `3.75` or `0.075`.
    fn from_str(text: &str) -> Result<Self, RateError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let fraction = match fraction.trim_end_matches('0') {
            "" if digits(fraction) => "0",
            short => short,
        };
        if !digits(whole) || !digits(fraction) || fraction.len() > Self::DECIMALS {
            return Err(RateError);
        }
        let whole: u64 = whole.parse().map_err(|_| RateError)?;
        let fraction: u64 = format!("{fraction:0<6}").parse().map_err(|_| RateError)?;
        whole
            .checked_mul(Self::SCALE)
            .and_then(|whole| whole.checked_add(fraction))
            .filter(|rate| *rate <= Self::MOST)
            .map(Self)
            .ok_or(RateError)
    }
}

impl fmt::Display for Rate {
    /// As it is read: at least two decimals, and no more than it has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:06}", self.0 % Self::SCALE);
        let (cents, finer) = fraction.split_at(2);
        write!(
            f,
            "{}.{cents}{}",
            self.0 / Self::SCALE,
            finer.trim_end_matches('0')
        )
    }
}
