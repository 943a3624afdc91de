//! The secret that messages are signed with: `whsec_` and base64 of 24 to 64 bytes.

use super::Message;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portunus_core::time::Timestamp;
use std::fmt;
use zeroize::Zeroizing;

/// Signs messages.
pub struct WebhookSecret(Key);

/// The text is no such secret. It is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's secret is whsec_ and base64 of 24 to 64 bytes")]
pub struct WebhookSecretError;

impl WebhookSecret {
    /// Reads the secret as it is handed around.
    ///
    /// # Errors
    /// [`WebhookSecretError`].
    pub fn read(text: &str) -> Result<Self, WebhookSecretError> {
        let digits = text.trim().strip_prefix("whsec_");
        let bytes = digits.and_then(|digits| STANDARD.decode(digits).ok());
        let bytes = Zeroizing::new(bytes.ok_or(WebhookSecretError)?);
        if !(24..=64).contains(&bytes.len()) {
            return Err(WebhookSecretError);
        }
        Ok(Self(Key::new(HMAC_SHA256, &bytes)))
    }

    /// The headers of an attempt at `now`.
    pub(super) fn headers(&self, message: &Message, now: Timestamp) -> [(&'static str, String); 3] {
        let seconds = now.as_millis() / 1000;
        let mut signed = format!("{}.{seconds}.", message.id()).into_bytes();
        signed.extend_from_slice(message.body());
        let signature = STANDARD.encode(sign(&self.0, &signed));
        [
            ("webhook-id", message.id().to_owned()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", format!("v1,{signature}")),
        ]
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}
