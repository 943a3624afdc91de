//! What makes a change happen once (P10): the key that a client sends along, what it claims with it, and the receipt that
//! is kept in the transaction of the change.
//!
//! Here are the forms and the rule that judges a repetition. When a receipt is written and how its answer is sealed is
//! up to `app`; what a header is, to `http`.

pub mod key;
pub mod receipt;

pub use key::{IdempotencyKey, KeyError, MAX_KEY};
pub use receipt::{Done, KEPT_MS, Receipt, SECRET_KEPT_MS, Secrecy, Verdict};

use crate::agent::Principal;

/// The right to carry out one change under one key. Keys are one's own: what another principal sends under the same key
/// is another claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Who asks.
    pub by: Principal,
    /// Method and path of the route as it is registered, such as `POST /api/v1/agents/{agent}/tokens/rotate`.
    pub route: String,
    /// The key that came along.
    pub key: IdempotencyKey,
}

/// A keyed hash of all that a request asks for: tells two requests apart, tells nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// From its bytes, as a store keeps them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
