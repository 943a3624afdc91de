//! Names that people choose: slugs for agents, operators and pools, labels for keys.

use serde::{Deserialize, Serialize, Serializer};
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

#[cfg(test)]
mod tests {
    use super::*;

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
