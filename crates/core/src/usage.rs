//! What a model call used: tokens as the provider counted them, and money.
//!
//! Providers count differently; here every token is counted in exactly one of `input`, `cache_read`, `cache_write` and
//! `output`, whichever protocol it came from.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::AddAssign;

/// Tokens of one answer, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens that were neither read from nor written to a prompt cache.
    pub input: u64,
    /// Input tokens read from a prompt cache.
    pub cache_read: u64,
    /// Input tokens written to a prompt cache.
    pub cache_write: u64,
    /// Output tokens, those spent on reasoning included.
    pub output: u64,
    /// The part of `output` that was spent on reasoning; zero where the provider does not say.
    pub reasoning: u64,
}

impl Usage {
    /// All tokens, each counted once; saturating.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write)
            .saturating_add(self.output)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.output = self.output.saturating_add(other.output);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
    }
}

/// Where the numbers of a [`Usage`] come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UsageSource {
    /// The provider counted.
    Provider,
    /// The answer ended before the provider said: we estimated from what passed.
    Estimate,
}

/// The tokens of one answer, as they are paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The tokens.
    pub usage: Usage,
    /// The part of `usage.cache_write` that is kept for an hour and not for minutes, which costs more; zero where the
    /// provider does not say.
    pub cache_write_long: u64,
    /// Who counted them.
    pub source: UsageSource,
}

impl Counted {
    /// Tokens that nobody counted.
    #[must_use]
    pub const fn estimated(usage: Usage) -> Self {
        Self {
            usage,
            cache_write_long: 0,
            source: UsageSource::Estimate,
        }
    }
}

/// An amount of money in billionths of a US dollar.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Money(u64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From billionths of a US dollar.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Billionths of a US dollar.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The sum, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Money {
    /// `$12.34`; amounts below a cent keep six decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        if self.0 != 0 && self.0 < 10_000_000 {
            write!(f, "${dollars}.{:06}", rest / 1_000)
        } else {
            write!(f, "${dollars}.{:02}", rest / 10_000_000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_saturate() {
        let mut sum = Usage {
            input: u64::MAX,
            ..Usage::default()
        };
        sum += Usage {
            input: 1,
            output: 2,
            ..Usage::default()
        };
        assert_eq!((sum.input, sum.output), (u64::MAX, 2));
        assert_eq!(sum.total(), u64::MAX);
    }

    #[test]
    fn money_reads_as_dollars() {
        assert_eq!(Money::from_nanos(12_345_000_000).to_string(), "$12.34");
        assert_eq!(Money::from_nanos(1_500_000).to_string(), "$0.001500");
        assert_eq!(Money::ZERO.to_string(), "$0.00");
    }
}
