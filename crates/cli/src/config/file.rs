//! Reads the TOML file against the schema: every value with its line, every mistake noted, nothing guessed.

use super::problem::{Place, Problem};
use super::schema::{self, Key};
use super::value::{self, Value};
use portunus_app::prices::read_prices;
use portunus_core::price::{Origin, PriceEntry};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The good values of a file.
#[derive(Debug, Default)]
pub(super) struct Values {
    found: Vec<(&'static Key, Place, Value)>,
    prices: Vec<PriceEntry>,
}

impl Values {
    fn get(&self, section: &str, name: &str) -> Option<(&Place, &Value)> {
        self.found
            .iter()
            .find(|(key, ..)| key.section == section && key.name == name)
            .map(|(_, place, value)| (place, value))
    }

    /// A text and where it stands.
    pub(super) fn text(&self, section: &str, name: &str) -> Option<(Place, &str)> {
        match self.get(section, name)? {
            (place, Value::Text(text)) => Some((place.clone(), text)),
            _ => None,
        }
    }

    /// A list of texts and where it stands.
    pub(super) fn texts(&self, section: &str, name: &str) -> Option<(Place, &[String])> {
        match self.get(section, name)? {
            (place, Value::Texts(texts)) => Some((place.clone(), texts)),
            _ => None,
        }
    }

    /// A number within the bounds of the schema.
    pub(super) fn number(&self, section: &str, name: &str) -> Option<u64> {
        match self.get(section, name)? {
            (_, Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The prices under `[[prices]]`.
    pub(super) fn prices(&self) -> &[PriceEntry] {
        &self.prices
    }

    /// A switch.
    pub(super) fn switch(&self, section: &str, name: &str) -> Option<bool> {
        match self.get(section, name)? {
            (_, Value::Switch(switch)) => Some(*switch),
            _ => None,
        }
    }
}

/// Reads `text`, the content of the file that was named `path`.
pub(super) fn read(path: &Path, text: &str, problems: &mut Vec<Problem>) -> Values {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        path: path.to_path_buf(),
        text,
        problems: Vec::new(),
        found: Vec::new(),
        prices: Vec::new(),
    };
    for error in &errors {
        let place = reader.place(error.span().unwrap_or(0..0));
        // After a syntax error the reader guesses; one message per line is enough.
        if reader.problems.iter().any(|problem| problem.place == place) {
            continue;
        }
        reader.problems.push(Problem {
            place,
            what: format!("this is not TOML: {}", error.message().replace('\n', ", ")),
            instead: "write `key = value`, with text in double quotes".to_owned(),
        });
    }
    reader.table("", document.get_ref());
    problems.append(&mut reader.problems);
    Values {
        found: reader.found,
        prices: reader.prices,
    }
}

struct Reader<'a> {
    path: PathBuf,
    text: &'a str,
    problems: Vec<Problem>,
    found: Vec<(&'static Key, Place, Value)>,
    prices: Vec<PriceEntry>,
}

impl Reader<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        Place::Line {
            file: self.path.clone(),
            line: before.matches('\n').count() + 1,
        }
    }

    fn note(&mut self, place: Place, what: String, instead: String) {
        if !self.problems.iter().any(|problem| problem.place == place) {
            self.problems.push(Problem {
                place,
                what,
                instead,
            });
        }
    }

    fn table(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let place = self.place(name.span());
            let name = name.get_ref();
            match (value.get_ref(), schema::find(section, name)) {
                _ if section.is_empty() && name == schema::PRICES => self.prices(value),
                (found, Some(key)) => match value::typed(key, found) {
                    Ok(value) => self.found.push((key, place, value)),
                    Err(what) => self.note(place, what, format!("write `{}`", key.example)),
                },
                (DeValue::Table(inner), None) if section.is_empty() && schema::is_section(name) => {
                    self.table(name, inner);
                }
                (DeValue::Table(_), None) => {
                    let what = format!("unknown table [{}]", join(section, name));
                    self.note(place, what, schema::section_suggestion(name));
                }
                (_, None) if section.is_empty() && schema::is_section(name) => {
                    let what = format!("`{name}` is a table");
                    self.note(place, what, format!("write [{name}] on a line of its own"));
                }
                (_, None) => {
                    let what = format!("unknown key `{}`", join(section, name));
                    self.note(place, what, schema::suggestion(section, name));
                }
            }
        }
    }

    fn prices(&mut self, list: &Spanned<DeValue<'_>>) {
        let (prices, mistakes) = read_prices(list, Origin::Configured);
        self.prices = prices;
        for mistake in mistakes {
            self.note(self.place(mistake.at), mistake.what, mistake.instead);
        }
    }
}

fn join(section: &str, name: &str) -> String {
    if section.is_empty() {
        name.to_owned()
    } else {
        format!("{section}.{name}")
    }
}
