//! What an agent says of itself when it beats: one line for people. It is shown and never understood.

use crate::unseen;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The most characters of a note.
pub const LONGEST: usize = 280;

/// One line of at most [`LONGEST`] characters, without control characters; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(Arc<str>);

/// Why a text is no note. Each message goes on after "the note".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Nothing was written.
    #[error("is empty")]
    Empty,
    /// Too much was written.
    #[error("has {0} characters, and may have {LONGEST}")]
    TooLong(usize),
    /// What would move a terminal's cursor, break a line, or hide.
    #[error("has a line break, or a character that is not seen or changes how others are seen")]
    Control,
}

impl Note {
    /// The line.
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

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let length = text.chars().count();
        match length {
            0 => Err(NoteError::Empty),
            1..=LONGEST if text.contains(unseen::steers) => Err(NoteError::Control),
            1..=LONGEST => Ok(Self(text.into())),
            _ => Err(NoteError::TooLong(length)),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_one_line() {
        let shown = |text: &str| text.parse::<Note>().map(|note| note.to_string());
        assert_eq!(
            shown("reviewing #42 — fast"),
            Ok("reviewing #42 — fast".into())
        );
        assert_eq!(shown(""), Err(NoteError::Empty));
        assert!(shown(&"é".repeat(280)).is_ok());
        assert_eq!(shown(&"é".repeat(281)), Err(NoteError::TooLong(281)));
        for bad in [
            "a\nb",
            "\u{1b}[2J",
            "a\u{7f}",
            "\u{202e}txt",
            "a\u{2028}b",
            "a\u{200b}b",
        ] {
            assert_eq!(shown(bad), Err(NoteError::Control), "{bad:?}");
        }
    }
}
