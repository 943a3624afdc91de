//! Passwords: what is accepted as one, and the stored half.

use std::fmt;

/// Fewest bytes of a password. What it is made of is up to whoever chooses it (NIST SP 800-63B §5.1.1.2).
pub const SHORTEST: usize = 12;
/// Most bytes of a password: hashing takes as long as it does for a short one, reading does not.
pub const LONGEST: usize = 1_024;

/// Why a text is no password. The text is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have {SHORTEST} to {LONGEST} bytes; what it is made of is up to you")]
pub struct PasswordLength;

/// Whether the text is long and short enough to be a password.
///
/// # Errors
///
/// [`PasswordLength`].
pub fn check_length(text: &str) -> Result<(), PasswordLength> {
    if (SHORTEST..=LONGEST).contains(&text.len()) {
        Ok(())
    } else {
        Err(PasswordLength)
    }
}

/// What is kept of a password: a hash with its salt and costs, as a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes the string over.
    #[must_use]
    pub const fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The string, for storage and for comparing.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_length_of_a_password_is_judged() {
        assert_eq!(check_length("aaaaaaaaaaaa"), Ok(()));
        assert_eq!(check_length("aaaaaaaaaaa"), Err(PasswordLength));
        assert_eq!(check_length(&"a".repeat(1_024)), Ok(()));
        assert_eq!(check_length(&"a".repeat(1_025)), Err(PasswordLength));
    }

    #[test]
    fn p11_a_hash_does_not_leave_through_debug() {
        let hash = PasswordHash::from_phc("$argon2id$canary".into());
        assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
    }
}
