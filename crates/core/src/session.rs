//! Sessions and devices of operators: who signed in, how, and when that ends.

use crate::credential::DEFAULT_OVERLAP_MS;
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
    /// Public handle of its latest token.
    pub kid: Kid,
    /// HMAC-SHA256 of that whole token under the pepper.
    pub digest: TokenDigest,
    /// When it was paired.
    pub created_at: Timestamp,
    /// How long the token before works after this one's first use, in milliseconds.
    pub overlap_ms: u64,
    /// When this token was first presented with success.
    pub first_used_at: Option<Timestamp>,
    /// The token before, for as long as it may still work.
    pub before: Option<TokenBefore>,
}

/// The token that a device had before its latest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBefore {
    /// Public handle.
    pub kid: Kid,
    /// HMAC-SHA256 of the whole token under the pepper.
    pub digest: TokenDigest,
    /// When it ends; `None` while its successor has not been used.
    pub until: Option<Timestamp>,
}

/// Another token for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceToken {
    /// Public handle.
    pub kid: Kid,
    /// HMAC-SHA256 of the whole token under the pepper.
    pub digest: TokenDigest,
    /// How long the token before works after this one's first use, in milliseconds; zero ends it now.
    pub overlap_ms: u64,
}

impl Device {
    /// A device with its first token.
    #[must_use]
    pub const fn new(
        id: DeviceId,
        operator: OperatorId,
        name: Label,
        (kid, digest): (Kid, TokenDigest),
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            operator,
            name,
            kid,
            digest,
            created_at: at,
            overlap_ms: DEFAULT_OVERLAP_MS,
            first_used_at: None,
            before: None,
        }
    }

    /// The device with another token. The one before works on until the new one is used and its overlap is over, so that a
    /// lost reply strands nobody. A token that nobody used is replaced, and the one before it, which the device still works
    /// with, is left alone.
    #[must_use]
    pub fn succeeded_by(&self, next: DeviceToken, now: Timestamp) -> Self {
        let works = |before: &TokenBefore| before.until.is_none_or(|until| now < until);
        let is_unused = self.first_used_at.is_none();
        let kept = self.before.filter(|before| is_unused && works(before));
        let retiring = TokenBefore {
            kid: self.kid,
            digest: self.digest,
            until: None,
        };
        Self {
            kid: next.kid,
            digest: next.digest,
            overlap_ms: next.overlap_ms,
            first_used_at: None,
            before: (next.overlap_ms > 0).then(|| kept.unwrap_or(retiring)),
            ..self.clone()
        }
    }

    /// Its latest token was presented with success. Only the first time counts: from then on the overlap runs.
    pub fn note_use(&mut self, at: Timestamp) {
        if self.first_used_at.is_some() {
            return;
        }
        self.first_used_at = Some(at);
        if let Some(before) = &mut self.before {
            before.until.get_or_insert(at.plus_ms(self.overlap_ms));
        }
    }

    /// What the secret of one of its tokens is compared with, and when that one ends if it is settled.
    #[must_use]
    pub fn token(&self, kid: Kid) -> Option<(TokenDigest, Option<Timestamp>)> {
        if self.kid == kid {
            return Some((self.digest, None));
        }
        let before = self.before.filter(|before| before.kid == kid)?;
        Some((before.digest, before.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: u8, overlap_ms: u64) -> DeviceToken {
        DeviceToken {
            kid: Kid::from_bytes([number; 16]),
            digest: TokenDigest::from_bytes([number; 32]),
            overlap_ms,
        }
    }

    #[test]
    fn a_replaced_token_works_until_its_successor_is_used_and_the_overlap_is_over() {
        let at = Timestamp::from_millis;
        let first = token(1, 0);
        let device = Device::new(
            DeviceId::from_bytes([1; 16]),
            OperatorId::from_bytes([1; 16]),
            "laptop".parse().unwrap(),
            (first.kid, first.digest),
            at(0),
        );
        let mut second = device.succeeded_by(token(2, 60), at(10));
        assert_eq!(second.token(first.kid), Some((first.digest, None)));
        // Nobody used the second one: the third takes its place, and the first goes on.
        let mut third = second.succeeded_by(token(3, 60), at(20));
        assert_eq!(third.token(first.kid), Some((first.digest, None)));
        assert_eq!(third.token(second.kid), None);
        third.note_use(at(30));
        third.note_use(at(40));
        assert_eq!(third.token(first.kid), Some((first.digest, Some(at(90)))));
        // One that was used retires, and an older one ends.
        second.note_use(at(30));
        let fourth = second.succeeded_by(token(4, 60), at(50));
        assert_eq!(fourth.token(second.kid), Some((second.digest, None)));
        assert_eq!(fourth.token(first.kid), None);
        let last = fourth.succeeded_by(token(5, 0), at(60));
        assert_eq!(last.before, None);
    }

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
