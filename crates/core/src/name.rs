//! Names that people choose: slugs for agents, operators and pools, labels for keys.

pub use crate::display_name::{DisplayName, DisplayNameError};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a name was refused; the text says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or more than 63 characters.
    #[error("must have 1 to 63 characters, has {0}")]
    Length(usize),
    /// A character outside the alphabet.
    #[error("may contain {allowed} only, found {found:?}")]
    Character {
        /// The alphabet in words.
        allowed: &'static str,
        /// The first offending character.
        found: char,
    },
    /// A slug begins or ends with a hyphen.
    #[error("must begin and end with a letter or a digit")]
    Edge,
}

fn check(text: &str, allowed: &'static str, fits: impl Fn(char) -> bool) -> Result<(), NameError> {
    if text.is_empty() || text.chars().count() > 63 {
        return Err(NameError::Length(text.chars().count()));
    }
    if let Some(found) = text.chars().find(|c| !fits(*c)) {
        return Err(NameError::Character { allowed, found });
    }
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !edge(text.chars().next()) || !edge(text.chars().last()) {
        return Err(NameError::Edge);
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $allowed:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The name as written, shared.
            #[must_use]
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text, $allowed, $fits)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A slug that names an agent, an operator or a pool: lower-case letters, digits and hyphens.
    Slug,
    "lower-case letters, digits and hyphens",
    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
);
name!(
    /// What people call one key of a pool; shown in logs, so never a part of the secret.
    Label,
    "letters, digits, dots, underscores and hyphens",
    |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
);

/// Characters of a slug that is made of a text, so that a number of three digits fits behind it.
const MADE: usize = 59;

impl Slug {
    /// The name that a text suggests: `Night Watch!` gives `night-watch`. `None` when it has no letter or digit that a
    /// slug could have.
    #[must_use]
    pub fn suggested_by(text: &str) -> Option<Self> {
        let mut made = String::new();
        for symbol in text.chars().flat_map(plain) {
            if symbol != '-' {
                made.push(symbol);
            } else if !made.is_empty() && !made.ends_with('-') {
                made.push('-');
            }
        }
        made.truncate(MADE);
        made.trim_end_matches('-').parse().ok()
    }

    /// The same name with a number behind it.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Option<Self> {
        format!("{self}-{number}").parse().ok()
    }

    /// This name if it is free, else the first free one with a number behind it, beginning with 2.
    #[must_use]
    pub fn first_free(&self, taken: &HashSet<Self>) -> Option<Self> {
        if !taken.contains(self) {
            return Some(self.clone());
        }
        // One more than are taken cannot all be taken.
        let mut numbered = (2..=taken.len() + 2).filter_map(|number| self.numbered(number));
        numbered.find(|name| !taken.contains(name))
    }
}

/// A character as a slug may have it; what it cannot have is a hyphen, and apostrophes are nothing.
fn plain(symbol: char) -> Option<char> {
    let symbol = symbol.to_lowercase().next().unwrap_or(symbol);
    Some(match symbol {
        'a'..='z' | '0'..='9' => symbol,
        '\'' | '\u{2019}' => return None,
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'æ' => 'a',
        'ç' | 'č' | 'ć' => 'c',
        'è' | 'é' | 'ê' | 'ë' | 'ě' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' | 'ń' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'œ' => 'o',
        'š' | 'ś' | 'ß' => 's',
        'ù' | 'ú' | 'û' | 'ü' | 'ů' => 'u',
        'ý' | 'ÿ' => 'y',
        'ž' | 'ź' | 'ż' => 'z',
        _ => '-',
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_suggests_a_name() {
        let suggested = |text: &str| Slug::suggested_by(text).map(|slug| slug.to_string());
        for (text, name) in [
            ("Night Watch!", "night-watch"),
            ("  Zoë's  2nd_agent ", "zoes-2nd-agent"),
            ("MAYOR", "mayor"),
            ("--a--", "a"),
        ] {
            assert_eq!(suggested(text).as_deref(), Some(name), "{text:?}");
        }
        assert_eq!(suggested("夜警"), None);
        assert_eq!(suggested(""), None);
        assert_eq!(suggested(&"x-".repeat(99)).unwrap().len(), 59);
    }

    #[test]
    fn a_name_in_use_gets_a_number() {
        let name = |text: &str| text.parse::<Slug>().unwrap();
        let free = |taken: &[&str]| {
            let taken = taken.iter().map(|text| name(text)).collect();
            name("scout").first_free(&taken).unwrap().to_string()
        };
        assert_eq!(free(&[]), "scout");
        assert_eq!(free(&["scout-2"]), "scout");
        assert_eq!(free(&["scout"]), "scout-2");
        assert_eq!(free(&["scout", "scout-3", "scout-2"]), "scout-4");
        let longest = name(&"x".repeat(63));
        assert_eq!(longest.first_free(&[longest.clone()].into()), None);
    }

    #[test]
    fn slugs_are_lower_case_and_edges_are_plain() {
        assert_eq!(
            "mayor-2".parse::<Slug>().map(|s| s.to_string()),
            Ok("mayor-2".into())
        );
        assert_eq!("".parse::<Slug>(), Err(NameError::Length(0)));
        assert_eq!("-a".parse::<Slug>(), Err(NameError::Edge));
        assert!(matches!(
            "Mayor".parse::<Slug>(),
            Err(NameError::Character { found: 'M', .. })
        ));
        assert!("team.a_1".parse::<Label>().is_ok());
        assert!("a\nb".parse::<Label>().is_err());
    }
}
