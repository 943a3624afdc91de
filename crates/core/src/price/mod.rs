//! What tokens cost: prices per model, and which of them applies.
//!
//! A price belongs to a [`Pattern`] of model names. What an operator configured wins over what ships with the plane;
//! among patterns of one origin an exact name wins over a pattern, and of two patterns the one that fixes more
//! characters. A model that no pattern names has no price: its tokens are counted, and no money is made up.

mod pattern;
mod rate;

pub use pattern::{Pattern, PatternError};
pub use rate::{Rate, RateError};

use crate::usage::{Counted, Money};
use std::sync::Arc;

/// What the tokens of one answer cost, each kind by its own rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Fresh input.
    pub input: Rate,
    /// Output, reasoning included; `None` where answers have none, as embeddings.
    pub output: Option<Rate>,
    /// Input read from a cache; `None` is the price of fresh input.
    pub cache_read: Option<Rate>,
    /// Input written to a cache; `None` is the price of fresh input.
    pub cache_write: Option<Rate>,
    /// Input written to a cache that keeps it for an hour or longer; `None` is the price of any other writing.
    pub cache_write_long: Option<Rate>,
}

impl Price {
    /// What an answer costs, to the nearest billionth of a dollar; saturating. `None` when it has output and the
    /// price says nothing of output.
    #[must_use]
    pub fn cost(&self, counted: &Counted) -> Option<Money> {
        let usage = &counted.usage;
        let output = match self.output {
            Some(rate) => rate,
            None if usage.output == 0 => Rate::ZERO,
            None => return None,
        };
        let cache_write = self.cache_write.unwrap_or(self.input);
        let long = counted.cache_write_long.min(usage.cache_write);
        let picos = self.input.of(usage.input)
            + self.cache_read.unwrap_or(self.input).of(usage.cache_read)
            + cache_write.of(usage.cache_write - long)
            + self.cache_write_long.unwrap_or(cache_write).of(long)
            + output.of(usage.output);
        let nanos = (picos + 500) / 1_000;
        Some(Money::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

/// Where a price comes from; the later one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// It came with the program.
    Shipped,
    /// An operator configured it.
    Configured,
}

impl Origin {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Configured => "configured",
        }
    }
}

/// One line of a price list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceEntry {
    /// For which models.
    pub model: Pattern,
    /// For requests whose input, cached tokens included, has more tokens than this; zero for all of them.
    pub prompt_above: u64,
    /// What they cost.
    pub price: Price,
    /// Who says so.
    pub origin: Origin,
}

/// The prices of one model, by the length of the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    /// Longest prompts first.
    bands: Arc<[PriceEntry]>,
}

impl ModelPrice {
    /// What an answer costs; `None` when its prompt is too short for every band, or as [`Price::cost`] has it.
    #[must_use]
    pub fn cost(&self, counted: &Counted) -> Option<Money> {
        let usage = &counted.usage;
        let prompt = usage
            .input
            .saturating_add(usage.cache_read)
            .saturating_add(usage.cache_write);
        self.bands
            .iter()
            .find(|band| band.prompt_above == 0 || prompt > band.prompt_above)?
            .price
            .cost(counted)
    }
}

/// Every price that there is, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct PriceTable {
    /// What wins comes first.
    models: Vec<(Pattern, ModelPrice)>,
}

impl PriceTable {
    /// Puts price lists into one table. Of entries of one origin that have the same pattern and bound, the last counts.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = PriceEntry>) -> Self {
        let mut entries: Vec<PriceEntry> = entries.into_iter().collect();
        // Of equals the last comes first, and is the one that is kept.
        entries.reverse();
        entries.sort_by(|a, b| {
            b.origin
                .cmp(&a.origin)
                .then_with(|| b.model.specificity().cmp(&a.model.specificity()))
                .then_with(|| a.model.cmp(&b.model))
                .then_with(|| b.prompt_above.cmp(&a.prompt_above))
        });
        entries.dedup_by_key(|entry| (entry.origin, entry.model.clone(), entry.prompt_above));
        let models = entries
            .chunk_by(|a, b| a.origin == b.origin && a.model == b.model)
            .filter_map(|bands| {
                let price = ModelPrice {
                    bands: bands.into(),
                };
                Some((bands.first()?.model.clone(), price))
            })
            .collect();
        Self { models }
    }

    /// The prices of a model. Linear in the number of patterns: keep what it says.
    #[must_use]
    pub fn of(&self, model: &str) -> Option<&ModelPrice> {
        self.models
            .iter()
            .find(|(pattern, _)| pattern.matches(model))
            .map(|(_, price)| price)
    }

    /// What an answer of a model costs; `None` when there is no price for it.
    #[must_use]
    pub fn cost(&self, model: &str, counted: &Counted) -> Option<Money> {
        self.of(model)?.cost(counted)
    }

    /// Every entry, in the order in which they are tried.
    pub fn entries(&self) -> impl Iterator<Item = &PriceEntry> {
        self.models.iter().flat_map(|(_, price)| price.bands.iter())
    }
}

#[cfg(test)]
mod tests;
