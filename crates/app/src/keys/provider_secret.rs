//! A provider's key as an operator gives it: text that fits into a header, and none of our own tokens.

use portunus_core::secret::Secret;
use portunus_core::token::is_ours;

/// Why a text is no provider secret. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing.
    #[error("is empty")]
    Empty,
    /// More than 4096 characters.
    #[error("is longer than 4096 characters")]
    TooLong,
    /// Spaces, line breaks or characters outside ASCII.
    #[error("may only have visible ASCII characters, no spaces and no line breaks inside")]
    Characters,
    /// A token of this plane.
    #[error("is a token of Portunus and not a provider's key")]
    OwnToken,
}

/// A provider's key, checked.
#[derive(Clone, Debug)]
pub struct ProviderSecret(Secret);

impl ProviderSecret {
    /// Checks a text; white space around it, such as a trailing line break, is dropped.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        if text.is_empty() {
            Err(SecretError::Empty)
        } else if text.len() > 4096 {
            Err(SecretError::TooLong)
        } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
            Err(SecretError::Characters)
        } else if is_ours(text) {
            Err(SecretError::OwnToken)
        } else {
            Ok(Self(Secret::new(text.to_owned())))
        }
    }

    pub(super) const fn secret(&self) -> &Secret {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_key_is_refused() {
        assert_eq!(
            ProviderSecret::parse(" \n").unwrap_err(),
            SecretError::Empty
        );
        assert_eq!(
            ProviderSecret::parse("a b").unwrap_err(),
            SecretError::Characters
        );
        assert_eq!(
            ProviderSecret::parse("ä").unwrap_err(),
            SecretError::Characters
        );
        assert_eq!(
            ProviderSecret::parse("ptna_x").unwrap_err(),
            SecretError::OwnToken
        );
        assert_eq!(
            ProviderSecret::parse(&"x".repeat(4097)).unwrap_err(),
            SecretError::TooLong
        );
        assert_eq!(ProviderSecret::parse("sk-1\n").unwrap().0.expose(), "sk-1");
    }
}
