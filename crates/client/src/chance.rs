//! Where randomness enters: the operating system's generator.

use crate::error::Error;
use std::fmt::Write as _;

/// A number by chance, for pauses that should not be the same for all. Pauses work without it too.
pub(crate) fn number() -> u64 {
    getrandom::u64().unwrap_or_default()
}

/// A key for one change: 128 random bits. Without them two changes could be taken for one.
pub(crate) fn key() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_are_the_same() {
        let (one, two) = (key().unwrap(), key().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, two);
    }
}
