//! The prices in force: what ships, what an operator configured, and the answer for each model kept at hand.

mod list;

pub use list::{PriceMistake, read_prices};

use arc_swap::ArcSwap;
use portunus_core::price::{ModelPrice, Origin, PriceEntry, PriceTable};
use portunus_core::usage::{Counted, Money};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use toml::de::DeTable;

/// The list that ships with the program; its first lines say of when it is.
const SHIPPED: &str = include_str!("shipped.toml");

/// Models whose price is kept at hand; names come from clients, so there is a bound.
const MOST_KNOWN: usize = 512;

static SHIPPED_LIST: LazyLock<ShippedPrices> = LazyLock::new(|| {
    let (document, _) = DeTable::parse_recoverable(SHIPPED);
    let document = document.get_ref();
    ShippedPrices {
        as_of: document
            .get("as_of")
            .and_then(|value| value.get_ref().as_str())
            .unwrap_or_default()
            .to_owned(),
        entries: document
            .get("prices")
            .map(|prices| read_prices(prices, Origin::Shipped).0)
            .unwrap_or_default(),
    }
});

/// The prices that came with the program.
#[derive(Debug)]
pub struct ShippedPrices {
    /// The day on which they were read, such as `2026-11-06`.
    pub as_of: String,
    /// They.
    pub entries: Vec<PriceEntry>,
}

/// The prices that came with the program.
#[must_use]
pub fn shipped() -> &'static ShippedPrices {
    &SHIPPED_LIST
}

/// The shipped prices with those of an operator over them.
#[must_use]
pub fn with_configured(configured: Vec<PriceEntry>) -> PriceTable {
    PriceTable::new(shipped().entries.iter().cloned().chain(configured))
}

/// The table in force. It may be replaced at any time; what was priced stays priced.
#[derive(Debug)]
pub struct Prices {
    current: ArcSwap<Current>,
}

/// A table, and what it said of the models that were asked for.
#[derive(Debug)]
struct Current {
    table: Arc<PriceTable>,
    known: ArcSwap<HashMap<Box<str>, Option<ModelPrice>>>,
}

impl Prices {
    /// Begins with this table.
    #[must_use]
    pub fn new(table: PriceTable) -> Self {
        Self {
            current: ArcSwap::from_pointee(Current::new(table)),
        }
    }

    /// What an answer of a model costs; `None` when there is no price for it. A lookup without a lock.
    #[must_use]
    pub fn cost(&self, model: &str, counted: &Counted) -> Option<Money> {
        let current = self.current.load();
        if let Some(price) = current.known.load().get(model) {
            return price.as_ref()?.cost(counted);
        }
        current.learn(model)?.cost(counted)
    }

    /// The table in force.
    #[must_use]
    pub fn table(&self) -> Arc<PriceTable> {
        Arc::clone(&self.current.load().table)
    }

    /// Puts another table in force, for requests that end from now on.
    pub fn replace(&self, table: PriceTable) {
        self.current.store(Arc::new(Current::new(table)));
    }
}

impl Current {
    fn new(table: PriceTable) -> Self {
        Self {
            table: Arc::new(table),
            known: ArcSwap::default(),
        }
    }

    /// Finds a model's price and keeps it at hand. Two threads that learn at once may lose one of both: it is learnt again.
    fn learn(&self, model: &str) -> Option<ModelPrice> {
        let price = self.table.of(model).cloned();
        let known = self.known.load();
        if known.len() < MOST_KNOWN {
            let mut more = HashMap::clone(&known);
            more.insert(model.into(), price.clone());
            self.known.store(Arc::new(more));
        }
        price
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::usage::Usage;

    fn read(text: &str) -> (Vec<PriceEntry>, Vec<PriceMistake>) {
        let document = DeTable::parse(text).unwrap();
        read_prices(
            document.get_ref().get("prices").unwrap(),
            Origin::Configured,
        )
    }

    fn one_million() -> Counted {
        Counted::estimated(Usage {
            input: 100_000,
            output: 1_000_000,
            ..Usage::default()
        })
    }

    #[test]
    fn what_ships_is_without_a_mistake() {
        let document = DeTable::parse(SHIPPED).unwrap();
        let prices = document.get_ref().get("prices").unwrap();
        let (entries, mistakes) = read_prices(prices, Origin::Shipped);
        assert_eq!(mistakes, []);
        assert!(entries.len() > 80);
        assert_eq!(shipped().entries, entries);
        assert_eq!(shipped().as_of.len(), "2026-11-06".len());
    }

    #[test]
    fn known_models_have_their_price_and_unknown_ones_have_none() {
        let prices = Prices::new(with_configured(Vec::new()));
        for (model, nanos) in [
            ("claude-sonnet-4-5-20250929", Some(15_300_000_000)),
            ("claude-opus-4-6", Some(25_500_000_000)),
            ("claude-haiku-5-5", Some(510_000_000)),
            ("gpt-5-mini", Some(2_025_000_000)),
            ("gpt-5-mini-2025-08-07", Some(2_025_000_000)),
            ("gpt-4o", Some(10_250_000_000)),
            ("gpt-4o-audio-preview", None),
            ("text-embedding-3-small", None),
            ("claude-opus-9", None),
            ("llama", None),
            ("", None),
        ] {
            for _ in 0..2 {
                let cost = prices.cost(model, &one_million());
                assert_eq!(cost, nanos.map(Money::from_nanos), "{model}");
            }
        }
    }

    #[test]
    fn another_table_is_in_force_at_once() {
        let prices = Prices::new(with_configured(Vec::new()));
        assert!(prices.cost("gpt-4o", &one_million()).is_some());
        assert_eq!(prices.cost("mine", &one_million()), None);
        let (entries, mistakes) =
            read("[[prices]]\nmodel = [\"mine\", \"gpt-*\"]\ninput = 0\noutput = 0.5\n");
        assert_eq!(mistakes, []);
        prices.replace(with_configured(entries));
        let expected = Some(Money::from_nanos(500_000_000));
        assert_eq!(prices.cost("mine", &one_million()), expected);
        assert_eq!(prices.cost("gpt-4o", &one_million()), expected);
    }

    #[test]
    fn names_that_clients_invent_fill_a_bounded_memory() {
        let prices = Prices::new(with_configured(Vec::new()));
        for number in 0..MOST_KNOWN * 2 {
            assert_eq!(prices.cost(&format!("m{number}"), &one_million()), None);
        }
        assert_eq!(prices.current.load().known.load().len(), MOST_KNOWN);
        assert!(prices.cost("gpt-4o", &one_million()).is_some());
    }

    #[test]
    fn every_mistake_says_where_it_stands_and_what_to_write() {
        for (text, what, instead) in [
            ("prices = 3", "is a list", "[[prices]]"),
            ("[prices]\nmodel = \"m\"", "is a list", "[[prices]]"),
            ("prices = [3]", "is a table", "[[prices]]"),
            ("[[prices]]\ninput = 1", "without `model`", "[[prices]]"),
            (
                "[[prices]]\nmodel = []\ninput = 1",
                "without `model`",
                "[[prices]]",
            ),
            (
                "[[prices]]\nmodel = \"m\"\noutput = 1",
                "without `input`",
                "`input = 3.0`",
            ),
            (
                "[[prices]]\nmodel = 3\ninput = 1",
                "text in double quotes",
                "\"my-model\"",
            ),
            (
                "[[prices]]\nmodel = \"a b\"\ninput = 1",
                "printable characters",
                "\"my-model-*\"",
            ),
            (
                "[[prices]]\nmodel = \"m\"\ninput = -1",
                "found -1",
                "`input = 3.75`",
            ),
            (
                "[[prices]]\nmodel = \"m\"\ninput = inf",
                "found inf",
                "`input = 3.75`",
            ),
            (
                "[[prices]]\nmodel = \"m\"\ninput = 1e3",
                "found 1e3",
                "`input = 3.75`",
            ),
            (
                "[[prices]]\nmodel = \"m\"\ninput = \"3\"",
                "must be a number",
                "`input = 3.75`",
            ),
            (
                "[[prices]]\nmodel = \"m\"\ninput = 0x10",
                "must be a number",
                "`input = 3.75`",
            ),
            (
                "[[prices]]\nmodel = \"m\"\ninput = 1\ncached = 1",
                "unknown key `cached`",
                "cache_read",
            ),
            (
                "[[prices]]\nmodel = \"m\"\ninput = 1\nprompt_above = 0",
                "prompt_above",
                "200000",
            ),
            (
                "[[prices]]\nmodel = \"m\"\ninput = 1\nprompt_above = 9",
                "none for others",
                "without `prompt_above`",
            ),
            (
                "[[prices]]\nmodel = \"m\"\ninput = 1\n[[prices]]\nmodel = \"m\"\ninput = 2",
                "has a price already",
                "keep one",
            ),
        ] {
            let (_, mistakes) = read(text);
            assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
            let mistake = &mistakes[0];
            assert!(mistake.what.contains(what), "{text}: {mistake:?}");
            assert!(mistake.instead.contains(instead), "{text}: {mistake:?}");
            assert!(mistake.at.end <= text.len());
        }
    }
}
