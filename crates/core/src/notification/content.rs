//! What a notification may say: a title of one line and a body, each within its bounds.

use crate::unseen;
use std::fmt;
use std::sync::Arc;

/// Most characters of a title.
pub const MAX_TITLE_CHARACTERS: usize = 200;
/// Most bytes of a body.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// Why a text is no title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TitleError {
    /// Nothing that is seen.
    #[error("says nothing")]
    Empty,
    /// Too long.
    #[error("has {0} characters, and {MAX_TITLE_CHARACTERS} are the most")]
    TooLong(usize),
    /// It is shown in one line, and must look like what it says.
    #[error(
        "has a line break, or a character that is not seen or changes how others are seen; what needs lines goes into the body"
    )]
    Control,
}

/// What a notification is about: one line of characters that are seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Title(Arc<str>);

impl Title {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// From what a store kept, which was let in once.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self(text.into())
    }
}

impl TryFrom<&str> for Title {
    type Error = TitleError;

    fn try_from(text: &str) -> Result<Self, TitleError> {
        if text.trim().is_empty() {
            return Err(TitleError::Empty);
        }
        let characters = text.chars().count();
        if characters > MAX_TITLE_CHARACTERS {
            return Err(TitleError::TooLong(characters));
        }
        if text.contains(unseen::steers) {
            return Err(TitleError::Control);
        }
        if !unseen::says_something(text) {
            return Err(TitleError::Empty);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for Title {
    /// Without the words: what agents tell operators is nobody else's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Title({} bytes)", self.0.len())
    }
}

/// Why a text is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Nothing but blanks.
    #[error("says nothing; leave it out")]
    Empty,
    /// Too long.
    #[error("has {0} bytes, and {MAX_BODY_BYTES} are the most")]
    TooLong(usize),
    /// Databases and terminals end texts there.
    #[error("has the character U+0000")]
    Nul,
}

/// What else a notification says: any characters but U+0000.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(Arc<str>);

impl Body {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Body {
    type Error = BodyError;

    fn try_from(text: &str) -> Result<Self, BodyError> {
        if text.trim().is_empty() {
            return Err(BodyError::Empty);
        }
        if text.len() > MAX_BODY_BYTES {
            return Err(BodyError::TooLong(text.len()));
        }
        if text.contains('\0') {
            return Err(BodyError::Nul);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_and_says_something() {
        for nothing in [" \t", "\u{200d}", "\u{fe0f}"] {
            assert_eq!(Title::try_from(nothing), Err(TitleError::Empty));
        }
        for steering in [
            "a\nb",
            "a\u{1b}[2J",
            "a\u{9b}1m",
            "a\0",
            "a\u{2028}b",
            "a\u{202e}b",
            "a\u{2066}b",
            "\u{3164}",
            "\u{34f}\u{17b4}",
            "a\u{2800}b",
            "a\u{1d173}b",
        ] {
            assert_eq!(Title::try_from(steering), Err(TitleError::Control));
        }
        let long = "é".repeat(MAX_TITLE_CHARACTERS);
        assert_eq!(Title::try_from(long.as_str()).unwrap().as_str(), long);
        let longer = format!("{long}x");
        assert_eq!(
            Title::try_from(longer.as_str()),
            Err(TitleError::TooLong(201))
        );
    }

    #[test]
    fn a_body_is_bounded_and_may_have_lines() {
        assert_eq!(Body::try_from("\n"), Err(BodyError::Empty));
        assert_eq!(Body::try_from("a\0"), Err(BodyError::Nul));
        assert_eq!(Body::try_from("a\nb").unwrap().as_str(), "a\nb");
        let long = "x".repeat(MAX_BODY_BYTES + 1);
        assert_eq!(
            Body::try_from(long.as_str()),
            Err(BodyError::TooLong(long.len()))
        );
    }

    #[test]
    fn p11_what_a_notification_says_is_not_in_its_debug_output() {
        let title = Title::try_from("canary").unwrap();
        let body = Body::try_from("canary").unwrap();
        assert!(!format!("{title:?} {body:?}").contains("canary"));
    }
}
