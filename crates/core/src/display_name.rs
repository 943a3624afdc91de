//! What people call an agent: any text that cannot pass for something else on a screen.

use crate::unseen::{is_unseen, says_something};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Most characters.
const MOST: usize = 80;

/// Why a text is no display name; it says what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DisplayNameError {
    /// Nothing, or too much.
    #[error("must have 1 to {MOST} characters, has {0}")]
    Length(usize),
    /// A character that is not seen, or that changes how others are seen.
    #[error("may not contain U+{:04X}, which is not seen or changes how others are seen", u32::from(*.0))]
    Invisible(char),
    /// White space at an end, or nothing that is seen at all.
    #[error("must begin and end with something that is seen")]
    Edge,
}

/// A name for people, 1 to 80 characters of any script. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DisplayName(Arc<str>);

impl DisplayName {
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

/// The joiner stays of what is not seen: it makes one sign of several, as in family emoji.
fn is_invisible(c: char) -> bool {
    is_unseen(c) && c != '\u{200d}'
}

impl FromStr for DisplayName {
    type Err = DisplayNameError;

    fn from_str(text: &str) -> Result<Self, DisplayNameError> {
        let length = text.chars().count();
        if length == 0 || length > MOST {
            return Err(DisplayNameError::Length(length));
        }
        if let Some(found) = text.chars().find(|c| is_invisible(*c)) {
            return Err(DisplayNameError::Invisible(found));
        }
        if text.trim() != text || !says_something(text) {
            return Err(DisplayNameError::Edge);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_script_is_a_name_and_nothing_that_hides() {
        let long = "x".repeat(80);
        for good in ["Night Watch!", "Zo\u{eb}", "\u{591c}\u{8b66}", "a", &long] {
            assert_eq!(good.parse::<DisplayName>().unwrap().to_string(), good);
        }
        for (bad, why) in [
            ("", DisplayNameError::Length(0)),
            (&*format!("{long}x"), DisplayNameError::Length(81)),
            ("a\nb", DisplayNameError::Invisible('\n')),
            ("a\u{1b}[2J", DisplayNameError::Invisible('\u{1b}')),
            ("live\u{202e}evil", DisplayNameError::Invisible('\u{202e}')),
            ("a\u{200b}", DisplayNameError::Invisible('\u{200b}')),
            ("\u{3164}", DisplayNameError::Invisible('\u{3164}')),
            ("a\u{2800}b", DisplayNameError::Invisible('\u{2800}')),
            ("\u{200d}", DisplayNameError::Edge),
            (" a", DisplayNameError::Edge),
            ("a\u{a0}", DisplayNameError::Edge),
        ] {
            assert_eq!(bad.parse::<DisplayName>(), Err(why), "{bad:?}");
        }
    }
}
