//! Plain secrets as a type of their own: wiped when dropped, and never printed.

use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret in the clear. `Debug` redacts it; there is no `Display`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes the secret over.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret in the clear; the name is long so that a reader of the code stops here.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_no_secret_leaves_through_debug() {
        assert_eq!(
            format!("{:?}", Secret::new("sk-canary".into())),
            "Secret(..)"
        );
    }
}
