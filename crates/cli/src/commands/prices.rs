//! `portunus prices`.

use super::plane::Plane;
use crate::args::usage::PricesArgs;
use crate::failure::Failure;
use crate::output::{Table, Tone};
use portunus_api::usage::{Price, Prices};
use portunus_core::price::Pattern;

/// Reads and shows.
pub(super) async fn run(args: PricesArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    let mut prices: Prices = plane.get("/prices", &[]).await?.read()?;
    if let Some(model) = &args.model {
        prices.items = of_model(prices.items, model);
    }
    plane.show_value(&prices, |prices| words(prices, args.model.as_deref()))
}

/// The prices that are in force for one model: those of the first name that fits.
fn of_model(prices: Vec<Price>, model: &str) -> Vec<Price> {
    let fits = |price: &&Price| {
        let pattern: Result<Pattern, _> = price.model.parse();
        pattern.is_ok_and(|pattern| pattern.matches(model))
    };
    let Some(first) = prices.iter().find(fits) else {
        return Vec::new();
    };
    let (name, origin) = (first.model.clone(), first.origin.clone());
    prices
        .into_iter()
        .filter(|price| price.model == name && price.origin == origin)
        .collect()
}

fn words(prices: &Prices, model: Option<&str>) -> String {
    if prices.items.is_empty() {
        let what = model.map_or("Nothing has a price".to_owned(), |model| {
            format!("{model} has no price: its tokens are counted, and no money is")
        });
        return format!("{what}. Add one under [[prices]] in the configuration file.\n");
    }
    let mut table = Table::new(&[
        "MODEL",
        "PROMPT ABOVE",
        "INPUT",
        "OUTPUT",
        "CACHE READ",
        "CACHE WRITE",
        "LONG WRITE",
        "FROM",
    ])
    .giving_way(&["FROM", "LONG WRITE", "CACHE WRITE", "CACHE READ"]);
    for price in &prices.items {
        let above = price.prompt_above.map(|above| above.to_string());
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let tone = if price.origin == "configured" {
            Tone::Good
        } else {
            Tone::Faint
        };
        table.row([
            (price.model.as_str(), Tone::Plain),
            (above.as_deref().unwrap_or(""), Tone::Plain),
            (price.input.as_str(), Tone::Plain),
            (or_dash(&price.output).as_str(), Tone::Plain),
            (or_dash(&price.cache_read).as_str(), Tone::Plain),
            (or_dash(&price.cache_write).as_str(), Tone::Plain),
            (or_dash(&price.cache_write_long).as_str(), Tone::Plain),
            (price.origin.as_str(), tone),
        ]);
    }
    format!(
        "{}\nUS dollars per million tokens. The shipped prices are as of {}; what you pay is what your provider bills.\n",
        table.render(),
        prices.shipped_as_of
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(model: &str, prompt_above: Option<u64>, origin: &str) -> Price {
        Price {
            model: model.to_owned(),
            prompt_above,
            input: "3.00".to_owned(),
            output: Some("15.00".to_owned()),
            cache_read: None,
            cache_write: None,
            cache_write_long: None,
            origin: origin.to_owned(),
        }
    }

    #[test]
    fn a_model_has_the_prices_of_the_first_name_that_fits() {
        let prices = vec![
            price("gpt-*", None, "configured"),
            price("gpt-5", Some(9), "shipped"),
            price("gpt-5", None, "shipped"),
        ];
        let of_gpt = of_model(prices.clone(), "gpt-5");
        assert_eq!(of_gpt, prices[..1]);
        let of_gpt = of_model(prices[1..].to_vec(), "gpt-5");
        assert_eq!(of_gpt.len(), 2);
        let none = Prices {
            shipped_as_of: "2026-11-06".to_owned(),
            items: of_model(prices, "llama"),
            next_cursor: None,
        };
        assert!(words(&none, Some("llama")).contains("[[prices]]"));
    }
}
