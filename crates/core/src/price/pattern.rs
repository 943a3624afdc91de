//! Which models a price is for.

use std::fmt;
use std::str::FromStr;

/// A model's name, in which each `*` stands for any characters, none included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Box<str>);

/// What is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a model is named by 1 to 100 printable characters without spaces; `*` stands for any of them, at most four times"
)]
pub struct PatternError;

/// How much a pattern fixes: exact names first, then by the number of fixed characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Specificity {
    is_exact: bool,
    fixed: usize,
}

impl Pattern {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names this model.
    #[must_use]
    pub fn matches(&self, model: &str) -> bool {
        let Some((prefix, rest)) = self.0.split_once('*') else {
            return *self.0 == *model;
        };
        let Some(mut model) = model.strip_prefix(prefix) else {
            return false;
        };
        // Between stars the earliest match is as good as any; the last part must be the end.
        let mut parts = rest.split('*').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return model.ends_with(part);
            }
            let Some(at) = model.find(part) else {
                return false;
            };
            model = model.get(at + part.len()..).unwrap_or_default();
        }
        true
    }

    pub(super) fn specificity(&self) -> Specificity {
        let stars = self.0.matches('*').count();
        Specificity {
            is_exact: stars == 0,
            fixed: self.0.len() - stars,
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let is_sound = (1..=100).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_graphic())
            && text.matches('*').count() <= 4;
        if is_sound {
            Ok(Self(text.into()))
        } else {
            Err(PatternError)
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
