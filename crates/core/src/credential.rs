//! The stored half of a token: its public handle, its digest, and where it stands in a rotation.

use crate::agent::Principal;
use crate::time::Timestamp;
use crate::token::{Kid, TokenDigest};

/// Default time that a predecessor keeps working after its successor's first use, in milliseconds.
pub const DEFAULT_OVERLAP_MS: u64 = 60_000;

/// Where a token stands. Per principal at most one is active and at most one retiring (P3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// The newest token.
    Active,
    /// The predecessor of the active one.
    Retiring {
        /// When it ends; `None` while the successor has not been used.
        until: Option<Timestamp>,
    },
    /// Ended for good.
    Revoked {
        /// When it ended.
        at: Timestamp,
    },
}

/// What is kept of a token. The secret itself is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Public handle.
    pub kid: Kid,
    /// Whose token it is.
    pub principal: Principal,
    /// HMAC-SHA256 of the whole token text under the pepper.
    pub digest: TokenDigest,
    /// Where it stands.
    pub state: TokenState,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was first presented with success.
    pub first_used_at: Option<Timestamp>,
    /// How long its predecessor works after this token's first use, in milliseconds.
    pub overlap_ms: u64,
    /// When it is over, whatever becomes of it until then; `None` when it lasts.
    pub expires_at: Option<Timestamp>,
}

impl TokenRecord {
    /// A new token, the active one of its principal, with the usual overlap and without an end.
    #[must_use]
    pub const fn new(kid: Kid, digest: TokenDigest, principal: Principal, at: Timestamp) -> Self {
        Self {
            kid,
            principal,
            digest,
            state: TokenState::Active,
            created_at: at,
            first_used_at: None,
            overlap_ms: DEFAULT_OVERLAP_MS,
            expires_at: None,
        }
    }

    /// Whether the token is accepted at `now`.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        let stands = match self.state {
            TokenState::Active | TokenState::Retiring { until: None } => true,
            TokenState::Retiring { until: Some(until) } => now < until,
            TokenState::Revoked { .. } => false,
        };
        stands && !self.has_expired(now)
    }

    /// Whether its own time is over.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it is accepted until somebody ends it: no end is set.
    #[must_use]
    pub const fn lasts(&self) -> bool {
        self.expires_at.is_none()
            && matches!(
                self.state,
                TokenState::Active | TokenState::Retiring { until: None }
            )
    }
}
