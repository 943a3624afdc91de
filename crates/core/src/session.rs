//! Sessions and devices of operators: who signed in, how, and when that ends.

use crate::ids::{DeviceId, OperatorId};
use crate::name::Label;
use crate::time::Timestamp;
use crate::token::{Kid, TokenDigest};

/// Longest time without a request, as it is unless configured, in milliseconds.
pub const DEFAULT_IDLE_MS: u64 = 60 * 60 * 1000;
/// Longest time altogether, as it is unless configured, in milliseconds.
pub const DEFAULT_ABSOLUTE_MS: u64 = 24 * 60 * 60 * 1000;

/// How an operator signed in. A session ends with what it came of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedInBy {
    /// By a password.
    Password,
    /// By a token of the operator.
    Token(Kid),
    /// By the token of a paired device.
    Device(DeviceId),
}

/// What is kept of a session. Its secret is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Public handle.
    pub kid: Kid,
    /// Whose session it is.
    pub operator: OperatorId,
    /// HMAC-SHA256 of the whole text under the pepper.
    pub digest: TokenDigest,
    /// How it began.
    pub by: SignedInBy,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTerms {
    /// Longest time without a request, in milliseconds.
    pub idle_ms: u64,
    /// Longest time altogether, in milliseconds.
    pub absolute_ms: u64,
}

impl Default for SessionTerms {
    fn default() -> Self {
        Self {
            idle_ms: DEFAULT_IDLE_MS,
            absolute_ms: DEFAULT_ABSOLUTE_MS,
        }
    }
}

impl SessionTerms {
    /// When a session ends that began and was last used then.
    #[must_use]
    pub fn ends_at(&self, created_at: Timestamp, seen_at: Timestamp) -> Timestamp {
        let idle = seen_at.plus_ms(self.idle_ms);
        idle.min(created_at.plus_ms(self.absolute_ms))
    }
}

/// A browser or a program that an operator trusts to sign in without a password. Its token's secret is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Never reused.
    pub id: DeviceId,
    /// Whose device it is.
    pub operator: OperatorId,
    /// What its operator calls it; unique among the operator's.
    pub name: Label,
    /// Public handle of its token.
    pub kid: Kid,
    /// HMAC-SHA256 of its whole token under the pepper.
    pub digest: TokenDigest,
    /// When it was paired.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_it_is_idle_or_old() {
        let terms = SessionTerms {
            idle_ms: 60,
            absolute_ms: 100,
        };
        let at = Timestamp::from_millis;
        assert_eq!(terms.ends_at(at(1_000), at(1_000)), at(1_060));
        assert_eq!(terms.ends_at(at(1_000), at(1_030)), at(1_090));
        assert_eq!(terms.ends_at(at(1_000), at(1_090)), at(1_100));
    }
}
