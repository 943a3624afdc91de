//! The keys that access tokens are signed with: one signs, older ones verify until their last token has expired.

use super::family::Terms;
use crate::time::Timestamp;

pub use crate::ids::SigningKeyId;

/// Where a signing key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningState {
    /// The one that signs.
    Active,
    /// A newer one signs; this one verifies, and is published, until the moment.
    Retiring {
        /// When the last token that it signed can no longer be renewed.
        until: Timestamp,
    },
}

/// A signing key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// What tokens and the JWKS call it.
    pub id: SigningKeyId,
    /// The Ed25519 public key (RFC 8032).
    pub public: [u8; 32],
    /// The private key, sealed under the master key.
    pub sealed: Vec<u8>,
    /// Where it stands.
    pub state: SigningState,
    /// When it was made.
    pub created_at: Timestamp,
}

impl SigningKey {
    /// Whether tokens that it signed are looked at.
    #[must_use]
    pub fn verifies(&self, now: Timestamp) -> bool {
        match self.state {
            SigningState::Active => true,
            SigningState::Retiring { until } => now < until,
        }
    }
}

/// Until when a key that stops signing at `now` verifies.
#[must_use]
pub const fn overlap_end(now: Timestamp, terms: &Terms) -> Timestamp {
    now.plus_ms(terms.life_ms + terms.grace_ms)
}
