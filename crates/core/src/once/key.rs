//! The value of the `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header-07): a string of structured
//! fields (RFC 9651 §3.3.3), or the bare text that many clients send.

use std::fmt;
use std::str::FromStr;

/// Most characters of a key.
pub const MAX_KEY: usize = 255;

/// What a client calls one change. The quoted and the bare form of a text are the same key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It has no character.
    #[error("is empty")]
    Empty,
    /// It has more than [`MAX_KEY`].
    #[error("has more than {MAX_KEY} characters")]
    TooLong,
    /// It has a character beyond visible ASCII, or one that separates several values.
    #[error("has a character that it cannot have")]
    Character,
    /// It begins as a quoted string and does not end as one.
    #[error("begins with a quote and is no quoted string")]
    Quotes,
}

impl IdempotencyKey {
    /// The text without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IdempotencyKey {
    type Err = KeyError;

    /// Reads a header's value. Quoted, it may hold every printable ASCII character; bare, it holds no space, quote, comma
    /// or semicolon, because several keys or parameters would look like that.
    fn from_str(value: &str) -> Result<Self, KeyError> {
        let value = value.trim_matches([' ', '\t']);
        let text = match value.strip_prefix('"') {
            Some(rest) => unquoted(rest)?,
            None => bare(value)?,
        };
        match text.len() {
            0 => Err(KeyError::Empty),
            1..=MAX_KEY => Ok(Self(text)),
            _ => Err(KeyError::TooLong),
        }
    }
}

fn bare(value: &str) -> Result<String, KeyError> {
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';');
    if value.bytes().all(fits) {
        Ok(value.to_owned())
    } else {
        Err(KeyError::Character)
    }
}

/// The string behind its opening quote. Nothing may follow the closing one: the header has no parameters.
fn unquoted(rest: &str) -> Result<String, KeyError> {
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next() {
            None => return Err(KeyError::Quotes),
            Some('"') if characters.as_str().is_empty() => return Ok(text),
            Some('"') => return Err(KeyError::Quotes),
            Some('\\') => match characters.next() {
                Some(escaped @ ('"' | '\\')) => text.push(escaped),
                _ => return Err(KeyError::Quotes),
            },
            Some(other @ ' '..='~') => text.push(other),
            Some(_) => return Err(KeyError::Character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(value: &str) -> Result<String, KeyError> {
        value.parse::<IdempotencyKey>().map(|key| key.0)
    }

    #[test]
    fn p10_a_key_is_the_same_quoted_and_bare() {
        for value in ["8e03978e-40d5", "\"8e03978e-40d5\"", " \"8e03978e-40d5\"\t"] {
            assert_eq!(read(value), Ok("8e03978e-40d5".into()), "{value:?}");
        }
        assert_eq!(read("a+/=_.~:!"), Ok("a+/=_.~:!".into()));
        assert_eq!(read(r#""a \"b\" \\ c""#), Ok(r#"a "b" \ c"#.into()));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for value in ["", " ", "\"\""] {
            assert_eq!(read(value), Err(KeyError::Empty), "{value:?}");
        }
        for value in [
            "a b", "a,b", "a;p=1", "é", "a\u{7f}", "\"é\"", "\"a\tb\"", "a\"b",
        ] {
            assert_eq!(read(value), Err(KeyError::Character), "{value:?}");
        }
        for value in [
            "\"",
            "\"a",
            "\"a\"b",
            "\"a\";p",
            "\"a\", \"b\"",
            r#""\a""#,
            r#""a\"#,
        ] {
            assert_eq!(read(value), Err(KeyError::Quotes), "{value:?}");
        }
        let long = "k".repeat(MAX_KEY);
        assert_eq!(read(&long), Ok(long.clone()));
        assert_eq!(read(&format!("\"{long}\"")), Ok(long.clone()));
        assert_eq!(read(&format!("{long}k")), Err(KeyError::TooLong));
    }

    proptest! {
        #[test]
        fn every_printable_text_can_be_a_key(text in "[ -~]{1,255}") {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
            prop_assert_eq!(read(&format!("\"{escaped}\"")), Ok(text));
        }

        #[test]
        fn no_value_makes_the_reader_fall(value in "\\PC{0,300}") {
            if let Ok(text) = read(&value) {
                prop_assert!((1..=MAX_KEY).contains(&text.len()));
            }
        }
    }
}
