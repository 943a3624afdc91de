//! A secret on the wire: plain in JSON, redacted everywhere else, wiped when dropped.

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret that travels in a body: a provider's key on its way in, a new token on its only way out.
#[derive(Clone, Deserialize, Serialize, ToSchema, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct SecretText(String);

impl SecretText {
    /// Takes the text over.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret in the clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_no_secret_leaves_through_debug() {
        let secret = SecretText::new("sk-canary".into());
        assert_eq!(format!("{secret:?}"), "SecretText(..)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"sk-canary\"");
    }
}
