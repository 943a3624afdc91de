//! Prices: rates, patterns, which entry wins, exact sums.

use super::*;
use crate::usage::{Usage, UsageSource};
use proptest::prelude::*;

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn price(input: &str, output: &str) -> Price {
    Price {
        input: rate(input),
        output: Some(rate(output)),
        cache_read: None,
        cache_write: None,
        cache_write_long: None,
    }
}

fn entry(model: &str, input: &str, origin: Origin) -> PriceEntry {
    PriceEntry {
        model: model.parse().unwrap(),
        prompt_above: 0,
        price: price(input, "1"),
        origin,
    }
}

fn counted(input: u64, cache_read: u64, cache_write: u64, output: u64) -> Counted {
    Counted {
        usage: Usage {
            input,
            cache_read,
            cache_write,
            output,
            reasoning: 0,
        },
        cache_write_long: 0,
        source: UsageSource::Provider,
    }
}

#[test]
fn rates_are_read_exactly_and_written_as_prices() {
    for (text, written) in [
        ("3", "3.00"),
        ("3.75", "3.75"),
        ("0.075", "0.075"),
        ("0.000001", "0.000001"),
        ("0.1000000000", "0.10"),
        ("1000000", "1000000.00"),
        ("0", "0.00"),
    ] {
        assert_eq!(rate(text).to_string(), written);
        assert_eq!(rate(written), rate(text));
    }
    for wrong in [
        "",
        "-1",
        "1e3",
        "+1",
        ".5",
        "5.",
        "1,5",
        "0.0000001",
        "1000000.01",
        "inf",
        "nan",
        " 1",
        "99999999999999999999",
        "1.2.3",
        "$3",
    ] {
        assert_eq!(wrong.parse::<Rate>(), Err(RateError), "{wrong}");
    }
}

#[test]
fn patterns_name_models() {
    for (pattern, model, expected) in [
        ("gpt-4o", "gpt-4o", true),
        ("gpt-4o", "gpt-4o-mini", false),
        ("gpt-4o-*", "gpt-4o-2024-08-06", true),
        ("gpt-4o-*", "gpt-4o", false),
        ("claude-*-4-5*", "claude-sonnet-4-5-20250929", true),
        ("claude-*-4-5*", "claude-sonnet-4-6", false),
        ("*", "", true),
        ("*haiku*", "anthropic.claude-haiku-4-5", true),
        ("a*a", "a", false),
        ("a*b*b", "ab", false),
        ("a**b", "ab", true),
    ] {
        let read: Pattern = pattern.parse().unwrap();
        assert_eq!(read.matches(model), expected, "{pattern} {model}");
    }
    for wrong in ["", "a b", "ä", "*****", &"x".repeat(101)] {
        assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
    }
}

#[test]
fn the_configured_wins_and_then_the_more_specific() {
    let table = PriceTable::new([
        entry("gpt-*", "1", Origin::Shipped),
        entry("gpt-4o*", "2", Origin::Shipped),
        entry("gpt-4o-mini", "3", Origin::Shipped),
        entry("gpt-4o-m*", "4", Origin::Configured),
        entry("gpt-4o-m*", "5", Origin::Configured),
    ]);
    let one = counted(1_000_000, 0, 0, 0);
    for (model, dollars) in [
        ("gpt-5", 1),
        ("gpt-4o", 2),
        ("gpt-4o-mini", 5),
        ("gpt-4o-micro", 5),
    ] {
        let expected = Money::from_nanos(dollars * 1_000_000_000);
        assert_eq!(table.cost(model, &one), Some(expected), "{model}");
    }
    assert_eq!(table.cost("claude", &one), None);
    assert_eq!(table.entries().count(), 4);
}

#[test]
fn every_kind_of_token_has_its_price() {
    let price = Price {
        input: rate("3"),
        output: Some(rate("15")),
        cache_read: Some(rate("0.30")),
        cache_write: Some(rate("3.75")),
        cache_write_long: Some(rate("6")),
    };
    let mut used = counted(1_000, 10_000, 2_000, 500);
    used.cache_write_long = 1_000;
    // 3000 + 3000 + 3750 + 6000 + 7500 millionths of a dollar.
    assert_eq!(price.cost(&used), Some(Money::from_nanos(23_250_000)));
}

#[test]
fn a_hole_is_filled_by_the_dearer_kind_or_left_open() {
    let bare = price("2", "10");
    assert_eq!(
        bare.cost(&counted(10, 10, 10, 0)),
        Some(Money::from_nanos(60_000))
    );
    let embedding = Price {
        output: None,
        ..price("0.02", "0")
    };
    assert_eq!(
        embedding.cost(&counted(50, 0, 0, 0)),
        Some(Money::from_nanos(1_000))
    );
    assert_eq!(embedding.cost(&counted(50, 0, 0, 1)), None);
}

#[test]
fn long_prompts_have_a_price_of_their_own() {
    let table = PriceTable::new([
        entry("m", "1", Origin::Shipped),
        PriceEntry {
            prompt_above: 100,
            ..entry("m", "5", Origin::Shipped)
        },
        PriceEntry {
            prompt_above: 100,
            ..entry("long", "5", Origin::Shipped)
        },
    ]);
    assert_eq!(
        table.cost("m", &counted(50, 30, 20, 0)),
        Some(Money::from_nanos(100_000))
    );
    assert_eq!(
        table.cost("m", &counted(51, 30, 20, 0)),
        Some(Money::from_nanos(505_000))
    );
    assert_eq!(table.cost("long", &counted(100, 0, 0, 0)), None);
}

#[test]
fn cost_is_rounded_once_and_saturates() {
    let tiny = price("0.0004", "0.0004");
    assert_eq!(tiny.cost(&counted(1, 0, 0, 0)), Some(Money::ZERO));
    assert_eq!(tiny.cost(&counted(1, 0, 0, 1)), Some(Money::from_nanos(1)));
    let dear = price("1000000", "1000000");
    assert_eq!(
        dear.cost(&counted(u64::MAX, u64::MAX, u64::MAX, u64::MAX)),
        Some(Money::from_nanos(u64::MAX))
    );
}

proptest! {
    #[test]
    fn any_rate_that_is_written_is_read_again(whole in 0u64..1_000_000, fraction in 0u64..1_000_000) {
        let text = format!("{whole}.{fraction:06}");
        prop_assert_eq!(rate(&rate(&text).to_string()), rate(&text));
    }

    #[test]
    fn a_star_in_place_of_any_part_still_names_the_model(model in "[a-z0-9.-]{1,20}", from in 0usize..20, to in 0usize..20) {
        let (from, to) = (from.min(to).min(model.len()), from.max(to).min(model.len()));
        let pattern: Pattern = format!("{}*{}", &model[..from], &model[to..]).parse().unwrap();
        prop_assert!(pattern.matches(&model));
    }

    #[test]
    fn more_tokens_never_cost_less(a in 0u64..1_000_000_000, b in 0u64..1_000_000_000, kind in 0usize..4) {
        let price = price("1.25", "10");
        let mut more = [a; 4];
        more[kind] += b;
        let [input, read, write, output] = more;
        prop_assert!(price.cost(&counted(input, read, write, output)) >= price.cost(&counted(a, a, a, a)));
    }
}
