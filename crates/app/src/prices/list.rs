//! Reads a price list: the one that ships, and `[[prices]]` of the configuration file. Every mistake, none guessed.

use portunus_core::price::{Origin, Pattern, Price, PriceEntry, Rate};
use std::ops::Range;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing that is wrong with a price list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceMistake {
    /// Where it stands, in bytes of the file.
    pub at: Range<usize>,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

/// A good entry, for messages.
const EXAMPLE: &str =
    "write [[prices]], then `model = \"my-model\"`, `input = 3.0` and `output = 15.0` below it";

/// Reads the value of `prices`; entries with a mistake are left out.
#[must_use]
pub fn read_prices(
    prices: &Spanned<DeValue<'_>>,
    origin: Origin,
) -> (Vec<PriceEntry>, Vec<PriceMistake>) {
    let mut reader = Reader {
        origin,
        entries: Vec::new(),
        mistakes: Vec::new(),
    };
    let list = prices.get_ref().as_array();
    if list.is_none() {
        reader.mistake(prices.span(), "`prices` is a list of prices", EXAMPLE);
    }
    for entry in list.into_iter().flat_map(|list| list.iter()) {
        match entry.get_ref().as_table() {
            Some(table) => reader.entry(entry.span(), table),
            None => reader.mistake(entry.span(), "a price is a table", EXAMPLE),
        }
    }
    reader.require_short_prompts();
    let entries = reader.entries.into_iter().map(|(_, entry)| entry);
    (entries.collect(), reader.mistakes)
}

struct Reader {
    origin: Origin,
    /// Each with the place of its model's name.
    entries: Vec<(Range<usize>, PriceEntry)>,
    mistakes: Vec<PriceMistake>,
}

/// What one table has.
#[derive(Default)]
struct Fields {
    models: Vec<(Range<usize>, Pattern)>,
    prompt_above: u64,
    input: Option<Rate>,
    output: Option<Rate>,
    cache_read: Option<Rate>,
    cache_write: Option<Rate>,
    cache_write_long: Option<Rate>,
}

impl Reader {
    fn mistake(&mut self, at: Range<usize>, what: impl Into<String>, instead: &str) {
        self.mistakes.push(PriceMistake {
            at,
            what: what.into(),
            instead: instead.to_owned(),
        });
    }

    fn entry(&mut self, at: Range<usize>, table: &DeTable<'_>) {
        let before = self.mistakes.len();
        let fields = self.fields(table);
        if self.mistakes.len() > before {
            return;
        }
        if fields.models.is_empty() {
            self.mistake(at, "a price without `model`", EXAMPLE);
            return;
        }
        let Some(input) = fields.input else {
            let what = "a price without `input`";
            self.mistake(at, what, "write `input = 3.0`; nothing costs `input = 0`");
            return;
        };
        let price = Price {
            input,
            output: fields.output,
            cache_read: fields.cache_read,
            cache_write: fields.cache_write,
            cache_write_long: fields.cache_write_long,
        };
        for (at, model) in fields.models {
            let entry = PriceEntry {
                model,
                prompt_above: fields.prompt_above,
                price,
                origin: self.origin,
            };
            self.add(at, entry);
        }
    }

    fn add(&mut self, at: Range<usize>, entry: PriceEntry) {
        let is_there = self.entries.iter().any(|(_, other)| {
            other.model == entry.model && other.prompt_above == entry.prompt_above
        });
        if is_there {
            let what = format!("`{}` has a price already", entry.model);
            self.mistake(at, what, "keep one of them");
        } else {
            self.entries.push((at, entry));
        }
    }

    fn fields(&mut self, table: &DeTable<'_>) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in table {
            let rate = match name.get_ref().as_ref() {
                "model" => {
                    fields.models = self.models(value);
                    continue;
                }
                "prompt_above" => {
                    fields.prompt_above = self.tokens(value);
                    continue;
                }
                "input" => &mut fields.input,
                "output" => &mut fields.output,
                "cache_read" => &mut fields.cache_read,
                "cache_write" => &mut fields.cache_write,
                "cache_write_long" => &mut fields.cache_write_long,
                other => {
                    let what = format!("unknown key `{other}` in a price");
                    let known = "a price has model, input, output, cache_read, cache_write, cache_write_long and prompt_above";
                    self.mistake(name.span(), what, known);
                    continue;
                }
            };
            *rate = self.rate(name.get_ref(), value);
        }
        fields
    }

    /// One name, or a list of them.
    fn models(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(Range<usize>, Pattern)> {
        let names: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(names) => names.iter().collect(),
            _ => vec![value],
        };
        let mut models = Vec::new();
        for name in names {
            match name.get_ref().as_str().map(Pattern::from_str) {
                Some(Ok(pattern)) => models.push((name.span(), pattern)),
                Some(Err(error)) => self.mistake(
                    name.span(),
                    error.to_string(),
                    "write `model = \"my-model\"` or `model = \"my-model-*\"`",
                ),
                None => self.mistake(
                    name.span(),
                    "`model` must be text in double quotes, or a list of such",
                    "write `model = \"my-model\"`",
                ),
            }
        }
        models
    }

    fn rate(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Rate> {
        let written = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str()),
            DeValue::Float(number) => Some(number.as_str()),
            _ => None,
        };
        let rate = written.and_then(|written| written.parse().ok());
        if rate.is_none() {
            let found = written.map_or_else(String::new, |written| format!(", found {written}"));
            let what = format!(
                "`{name}` must be a number from 0 to 1000000 with at most six decimals{found}"
            );
            let instead = format!("write US dollars per million tokens, such as `{name} = 3.75`");
            self.mistake(value.span(), what, &instead);
        }
        rate
    }

    fn tokens(&mut self, value: &Spanned<DeValue<'_>>) -> u64 {
        let number = value.get_ref().as_integer();
        let number =
            number.and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        match number {
            Some(number @ 1..=1_000_000_000) => number,
            _ => {
                let what = "`prompt_above` must be a whole number of tokens from 1 to 1000000000";
                self.mistake(value.span(), what, "write `prompt_above = 200000`");
                0
            }
        }
    }

    /// A model with a price for long prompts alone would have none for most requests.
    fn require_short_prompts(&mut self) {
        let lonely: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| {
                let model = &entry.model;
                !self
                    .entries
                    .iter()
                    .any(|(_, other)| other.model == *model && other.prompt_above == 0)
            })
            .map(|(at, entry)| (at.clone(), entry.model.clone()))
            .collect();
        for (at, model) in lonely {
            let what = format!("`{model}` has a price for long prompts and none for others");
            self.mistake(at, what, "add an entry for it without `prompt_above`");
        }
    }
}
