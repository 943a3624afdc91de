//! What a message may hold: text, data for programs, tags, each within its bounds.

use crate::name::{NameError, Slug};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Most bytes of a text.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Most bytes of data, written as JSON.
pub const MAX_DATA_BYTES: usize = 64 * 1024;
/// How deep data may be nested. Readers of JSON commonly stop at 128, and what holds a message in a list needs some of it.
const MAX_DATA_DEPTH: usize = 100;
/// Most tags of one thing.
pub const MAX_TAGS: usize = 16;

/// Why a text is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but blanks.
    #[error("says nothing")]
    Empty,
    /// Too long.
    #[error("has {0} bytes, and {MAX_TEXT_BYTES} are the most")]
    TooLong(usize),
    /// Databases and terminals end texts there.
    #[error("has the character U+0000")]
    Nul,
}

/// What a message says: any characters but U+0000. Whoever shows it makes it harmless for the place where it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Arc<str>);

impl Text {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Text {
    type Error = TextError;

    fn try_from(text: &str) -> Result<Self, TextError> {
        if text.trim().is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(TextError::TooLong(text.len()));
        }
        if text.contains('\0') {
            return Err(TextError::Nul);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for Text {
    /// Without the words: what agents tell each other is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

/// Why data cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Too long.
    #[error("has {0} bytes as JSON, and {MAX_DATA_BYTES} are the most")]
    TooLong(usize),
    /// Readers could not read it.
    #[error("is nested more than {MAX_DATA_DEPTH} deep")]
    TooDeep,
}

/// What programs read of a message: one JSON value, as text.
#[derive(Clone, PartialEq, Eq)]
pub struct Data(Arc<str>);

impl Data {
    /// From a value.
    pub fn new(value: &serde_json::Value) -> Result<Self, DataError> {
        if !fits(value, MAX_DATA_DEPTH) {
            return Err(DataError::TooDeep);
        }
        let text = value.to_string();
        if text.len() > MAX_DATA_BYTES {
            return Err(DataError::TooLong(text.len()));
        }
        Ok(Self(text.into()))
    }

    /// From what a store kept.
    #[must_use]
    pub fn from_stored(json: &str) -> Self {
        Self(json.into())
    }

    /// As JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// Whether a value has no more than `depth` objects and arrays one in another.
fn fits(value: &serde_json::Value, depth: usize) -> bool {
    use serde_json::Value;
    let below = depth.checked_sub(1);
    match value {
        Value::Array(items) => {
            below.is_some_and(|below| items.iter().all(|item| fits(item, below)))
        }
        Value::Object(members) => {
            below.is_some_and(|below| members.values().all(|member| fits(member, below)))
        }
        _ => true,
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Data({} bytes)", self.0.len())
    }
}

/// Why texts are no tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagsError {
    /// One of them is no tag.
    #[error("tag {number} {error}")]
    Name {
        /// Which one, from 1.
        number: usize,
        /// Why not.
        error: NameError,
    },
    /// Too many.
    #[error("there may be at most {MAX_TAGS} tags")]
    TooMany,
}

/// Tags, sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(Vec<Slug>);

impl Tags {
    /// From texts in any order.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, TagsError> {
        let mut tags = Vec::new();
        for (at, text) in texts.into_iter().enumerate() {
            let tag = text.parse().map_err(|error| TagsError::Name {
                number: at + 1,
                error,
            })?;
            tags.push(tag);
            if at >= 4 * MAX_TAGS {
                return Err(TagsError::TooMany);
            }
        }
        tags.sort();
        tags.dedup();
        if tags.len() > MAX_TAGS {
            return Err(TagsError::TooMany);
        }
        Ok(Self(tags))
    }

    /// Whether one of them is `tag`.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|own| own.as_str() == tag)
    }

    /// Whether every one of `wanted` is among them.
    #[must_use]
    pub fn has_all(&self, wanted: &Self) -> bool {
        wanted.0.iter().all(|tag| self.0.contains(tag))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Slug> {
        self.0.iter()
    }
}

impl FromStr for Tags {
    type Err = TagsError;

    /// From tags with single spaces between them, as [`fmt::Display`] writes them.
    fn from_str(text: &str) -> Result<Self, TagsError> {
        Self::parse(text.split(' ').filter(|one| !one.is_empty()))
    }
}

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, tag) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{tag}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_bounded_and_says_something() {
        assert_eq!(Text::try_from(" \n\t"), Err(TextError::Empty));
        assert_eq!(Text::try_from("a\0b"), Err(TextError::Nul));
        let long = "x".repeat(MAX_TEXT_BYTES);
        assert_eq!(Text::try_from(long.as_str()).unwrap().as_str(), long);
        let longer = format!("{long}x");
        let refused = Text::try_from(longer.as_str());
        assert_eq!(refused, Err(TextError::TooLong(MAX_TEXT_BYTES + 1)));
        let steering = "\u{1b}[2J";
        assert_eq!(Text::try_from(steering).unwrap().as_str(), steering);
    }

    #[test]
    fn p11_what_a_message_says_is_not_in_its_debug_output() {
        let text = Text::try_from("canary").unwrap();
        let data = Data::new(&serde_json::json!({"a": "canary"})).unwrap();
        assert!(!format!("{text:?} {data:?}").contains("canary"));
    }

    #[test]
    fn data_is_no_deeper_than_its_readers_go() {
        let nested = |depth: usize| {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            Data::new(&serde_json::from_str(&text).unwrap())
        };
        assert!(nested(MAX_DATA_DEPTH).is_ok());
        assert_eq!(nested(MAX_DATA_DEPTH + 1), Err(DataError::TooDeep));
        let mut members = serde_json::json!("leaf");
        for _ in 0..=MAX_DATA_DEPTH {
            members = serde_json::json!({ "in": members });
        }
        assert_eq!(Data::new(&members), Err(DataError::TooDeep));
    }

    #[test]
    fn tags_are_sorted_and_single() {
        let tags = Tags::parse(["ops", "chat", "ops"]).unwrap();
        assert_eq!(tags.to_string(), "chat ops");
        assert_eq!("chat ops".parse::<Tags>(), Ok(tags.clone()));
        assert!(tags.has("chat") && !tags.has("cha"));
        assert!(tags.has_all(&Tags::parse(["ops"]).unwrap()));
        assert!(!tags.has_all(&Tags::parse(["ops", "dev"]).unwrap()));
        assert!(matches!(
            Tags::parse(["Ops"]),
            Err(TagsError::Name { number: 1, .. })
        ));
        let many: Vec<String> = (0..=MAX_TAGS).map(|n| format!("t{n}")).collect();
        let many = many.iter().map(String::as_str);
        assert_eq!(Tags::parse(many), Err(TagsError::TooMany));
    }
}
