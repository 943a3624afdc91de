//! Hashes of tokens that another system issued, as they come in an import.
//!
//! A SHA-256 is cheap to find again. A PBKDF2 hash (RFC 8018) is salted and slow by design: the token that it is of must
//! be found in another way, by how the token begins or by whose it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::num::NonZeroU32;

/// Most iterations that are tried: about half a second of one core.
pub const MOST_ITERATIONS: u32 = 2_000_000;

/// Fewest and most characters of a stored prefix: short ones would name too many tokens.
pub const PREFIX_CHARS: std::ops::RangeInclusive<usize> = 4..=64;

const SALT_CHARS: std::ops::RangeInclusive<usize> = 1..=128;

/// Why a text is no hash. Texts never repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not 64 hexadecimal digits.
    #[error("must be 64 hexadecimal digits")]
    Sha256,
    /// Another form.
    #[error("must be written as pbkdf2_sha256$ITERATIONS$SALT$DIGEST")]
    Form,
    /// Too few or too many rounds.
    #[error("must have 1 to {MOST_ITERATIONS} iterations")]
    Iterations,
    /// No salt, or a long one.
    #[error("must have a salt of 1 to 128 characters")]
    Salt,
    /// The digest is not 32 bytes.
    #[error("must end with a digest of 32 bytes, in base64 or as 64 hexadecimal digits")]
    Digest,
    /// The prefix is too short or too long.
    #[error("must have 4 to 64 characters")]
    Prefix,
}

/// The hash of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegacyHash {
    /// SHA-256 of its text.
    Sha256([u8; 32]),
    /// PBKDF2-HMAC-SHA256 of its text.
    Pbkdf2(Pbkdf2),
}

impl LegacyHash {
    /// From 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`HashError::Sha256`].
    pub fn sha256(text: &str) -> Result<Self, HashError> {
        hexadecimal(text).map(Self::Sha256).ok_or(HashError::Sha256)
    }
}

/// A salted slow hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Pbkdf2 {
    /// How often HMAC is applied.
    pub iterations: NonZeroU32,
    /// What is mixed in, as it is written.
    pub salt: Box<str>,
    /// What comes of it.
    pub digest: [u8; 32],
    /// How the token begins, if that was kept.
    pub prefix: Option<Box<str>>,
}

impl fmt::Debug for Pbkdf2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pbkdf2({} iterations, ..)", self.iterations)
    }
}

impl Pbkdf2 {
    /// From `pbkdf2_sha256$ITERATIONS$SALT$DIGEST`.
    ///
    /// # Errors
    ///
    /// [`HashError`].
    pub fn read(text: &str, prefix: Option<&str>) -> Result<Self, HashError> {
        let mut parts = text.split('$');
        let (Some("pbkdf2_sha256"), Some(iterations), Some(salt), Some(digest), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Err(HashError::Form);
        };
        let iterations: NonZeroU32 = iterations.parse().map_err(|_| HashError::Iterations)?;
        if iterations.get() > MOST_ITERATIONS {
            return Err(HashError::Iterations);
        }
        if !SALT_CHARS.contains(&salt.chars().count()) {
            return Err(HashError::Salt);
        }
        if prefix.is_some_and(|prefix| !PREFIX_CHARS.contains(&prefix.chars().count())) {
            return Err(HashError::Prefix);
        }
        let decoded = STANDARD.decode(digest).ok();
        let digest = hexadecimal(digest).or_else(|| decoded?.try_into().ok());
        Ok(Self {
            iterations,
            salt: salt.into(),
            digest: digest.ok_or(HashError::Digest)?,
            prefix: prefix.map(Into::into),
        })
    }
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            *byte = *byte << 4 | u8::try_from(value).ok()?;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn hashes_are_read_strictly() {
        let hex = "0F".repeat(32);
        assert_eq!(LegacyHash::sha256(&hex), Ok(LegacyHash::Sha256([15; 32])));
        for bad in ["", "0f", &"0g".repeat(32), &"\u{e9}".repeat(32)] {
            assert_eq!(LegacyHash::sha256(bad), Err(HashError::Sha256), "{bad}");
        }
        let read = |text: &str| Pbkdf2::read(text, None);
        let good = read(&format!("pbkdf2_sha256$200000$salt${ZEROS}")).unwrap();
        assert_eq!(
            (good.iterations.get(), &*good.salt, good.digest),
            (200_000, "salt", [0; 32])
        );
        assert_eq!(
            read(&format!("pbkdf2_sha256$1$s${hex}")).unwrap().digest,
            [15; 32]
        );
        for (bad, why) in [
            ("pbkdf2_sha1$1$s$x".to_owned(), HashError::Form),
            (format!("pbkdf2_sha256$1$s${ZEROS}$"), HashError::Form),
            (format!("pbkdf2_sha256$0$s${ZEROS}"), HashError::Iterations),
            (
                format!("pbkdf2_sha256$99999999$s${ZEROS}"),
                HashError::Iterations,
            ),
            (format!("pbkdf2_sha256$-1$s${ZEROS}"), HashError::Iterations),
            (format!("pbkdf2_sha256$1$${ZEROS}"), HashError::Salt),
            ("pbkdf2_sha256$1$s$AAAA".to_owned(), HashError::Digest),
        ] {
            assert_eq!(read(&bad), Err(why), "{bad}");
        }
        let with = |prefix| Pbkdf2::read(&format!("pbkdf2_sha256$1$s${ZEROS}"), Some(prefix));
        assert_eq!(with("abc"), Err(HashError::Prefix));
        assert_eq!(with("agk_").unwrap().prefix.as_deref(), Some("agk_"));
    }
}
