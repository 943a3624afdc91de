//! What a valid credential proves, for as long as the request that brought it lives.

use crate::directory::Entry;
use portunus_core::agent::Principal;
use portunus_core::scope::Grants;
use portunus_core::token::Kid;
use std::fmt;
use std::sync::Arc;

/// Fires when the token behind a session is revoked or its agent deleted (P5). A token whose overlap is over is refused
/// to new requests; those that it began run to their end (P4).
#[derive(Clone)]
pub struct Revocation(Arc<Entry>);

impl Revocation {
    pub(crate) const fn of(entry: Arc<Entry>) -> Self {
        Self(entry)
    }

    /// Waits until the token has ended. Cancel-safe.
    pub async fn cancelled(&self) {
        self.0.revoked.cancelled().await;
    }

    /// Like [`Self::cancelled`], without borrowing the session.
    pub async fn cancelled_owned(self) {
        self.0.revoked.cancelled().await;
    }

    /// Whether the token has ended.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.revoked.is_cancelled()
    }
}

impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revocation({})", self.is_cancelled())
    }
}

/// Who acts, as the credential proves it (P6).
#[derive(Clone, Debug)]
pub struct Session {
    /// Who acts.
    pub principal: Principal,
    /// Public handle of the token that was presented; loggable.
    pub kid: Kid,
    /// The agent's or operator's name.
    pub name: Arc<str>,
    /// Fires when the token ends; open streams end with it.
    pub revoked: Revocation,
}

impl Session {
    /// What the principal may do.
    #[must_use]
    pub const fn grants(&self) -> Grants {
        match self.principal {
            Principal::Agent(_) => Grants::AGENT,
            Principal::Operator(_) => Grants::OPERATOR,
        }
    }
}
