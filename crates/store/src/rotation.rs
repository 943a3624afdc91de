//! What a rotation does to the tokens that were there before: the rule that every store follows (P3).
//!
//! The predecessor keeps working until the successor's first use plus the overlap, so that a lost reply strands nobody.

use crate::StoreError;
use portunus_core::agent::Principal;
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;

/// How a rotation ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The predecessor that still works, if any.
    pub retiring: Option<TokenRecord>,
    /// The tokens that the rotation ended.
    pub revoked: Vec<Kid>,
}

/// What becomes of one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays as it is.
    Stays,
    /// It keeps working until its successor's first use plus the overlap.
    Retires,
    /// It ends now.
    Revoked,
}

impl Fate {
    /// The state of a token after it met this fate.
    #[must_use]
    pub const fn apply(self, state: TokenState, now: Timestamp) -> TokenState {
        match self {
            Self::Stays => state,
            Self::Retires => TokenState::Retiring { until: None },
            Self::Revoked => TokenState::Revoked { at: now },
        }
    }
}

/// What becomes of the tokens that were there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fates {
    /// Of the token that was active.
    pub active: Fate,
    /// Of the token that was retiring.
    pub retiring: Fate,
}

/// Decides for the `active` and the `retiring` token of a principal when `successor` becomes the active one.
///
/// An overlap of zero ends all at once. A successor that nobody used is replaced, and the predecessor, which the
/// agent still works with, is left alone; in every other case the active token retires and an older one ends.
#[must_use]
pub fn plan(
    active: Option<&TokenRecord>,
    retiring: Option<&TokenRecord>,
    successor: &TokenRecord,
    now: Timestamp,
) -> Fates {
    let (active_fate, retiring_fate) = if successor.overlap_ms == 0 {
        (Fate::Revoked, Fate::Revoked)
    } else {
        match (active, retiring) {
            (None, _) => (Fate::Stays, Fate::Stays),
            (Some(unused), Some(predecessor))
                if unused.first_used_at.is_none() && predecessor.is_valid(now) =>
            {
                (Fate::Revoked, Fate::Stays)
            }
            (Some(_), _) => (Fate::Retires, Fate::Revoked),
        }
    };
    Fates {
        active: active_fate,
        retiring: retiring_fate,
    }
}

/// Who is the active one again when `ended` is revoked: the predecessor that waits for a successor which nobody used.
#[must_use]
pub fn heir(ended: &TokenRecord, retiring: Option<TokenRecord>) -> Option<TokenRecord> {
    if ended.state != TokenState::Active || ended.first_used_at.is_some() {
        return None;
    }
    let waits = |token: &TokenRecord| token.state == TokenState::Retiring { until: None };
    retiring.filter(waits).map(|token| TokenRecord {
        state: TokenState::Active,
        ..token
    })
}

/// Refuses a new token that is not the principal's, or that does not begin as the active one.
///
/// # Errors
///
/// [`StoreError::Inconsistent`].
pub fn check_new(principal: Principal, token: &TokenRecord) -> Result<(), StoreError> {
    if token.principal != principal {
        return Err(StoreError::Inconsistent("the token is somebody else's"));
    }
    if token.state != TokenState::Active {
        return Err(StoreError::Inconsistent("a new token begins as active"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::ids::AgentId;
    use portunus_core::token::TokenDigest;

    fn token(number: u8, state: TokenState) -> TokenRecord {
        let whose = Principal::Agent(AgentId::from_bytes([1; 16]));
        let (kid, digest) = (Kid::from_bytes([number; 16]), [number; 32]);
        TokenRecord {
            state,
            ..TokenRecord::new(
                kid,
                TokenDigest::from_bytes(digest),
                whose,
                Timestamp::EPOCH,
            )
        }
    }

    fn used(mut token: TokenRecord) -> TokenRecord {
        token.first_used_at = Some(Timestamp::from_millis(5));
        token
    }

    fn fates(active: Fate, retiring: Fate) -> Fates {
        Fates { active, retiring }
    }

    const NOW: Timestamp = Timestamp::from_millis(1_000);
    const RETIRING: TokenState = TokenState::Retiring { until: None };

    #[test]
    fn p3_the_active_token_retires_and_an_older_one_ends() {
        let (old, active) = (token(1, RETIRING), used(token(2, TokenState::Active)));
        let plan = plan(
            Some(&active),
            Some(&old),
            &token(3, TokenState::Active),
            NOW,
        );
        assert_eq!(plan, fates(Fate::Retires, Fate::Revoked));
    }

    #[test]
    fn p3_an_unused_successor_is_replaced_and_its_predecessor_stays() {
        let (old, unused) = (token(1, RETIRING), token(2, TokenState::Active));
        let plan = plan(
            Some(&unused),
            Some(&old),
            &token(3, TokenState::Active),
            NOW,
        );
        assert_eq!(plan, fates(Fate::Revoked, Fate::Stays));
    }

    #[test]
    fn p3_an_unused_successor_whose_predecessor_is_over_keeps_working() {
        let over = TokenState::Retiring { until: Some(NOW) };
        let (old, unused) = (token(1, over), token(2, TokenState::Active));
        let plan = plan(
            Some(&unused),
            Some(&old),
            &token(3, TokenState::Active),
            NOW,
        );
        assert_eq!(plan, fates(Fate::Retires, Fate::Revoked));
    }

    #[test]
    fn p3_only_an_unused_successor_gives_its_place_back() {
        let (old, unused) = (token(1, RETIRING), token(2, TokenState::Active));
        let again = heir(&unused, Some(old.clone())).unwrap();
        assert_eq!((again.kid, again.state), (old.kid, TokenState::Active));
        assert_eq!(heir(&used(unused), Some(old.clone())), None);
        assert_eq!(heir(&old, Some(old.clone())), None);
    }

    #[test]
    fn p3_an_overlap_of_zero_ends_all_at_once() {
        let (old, unused) = (token(1, RETIRING), token(2, TokenState::Active));
        let mut successor = token(3, TokenState::Active);
        successor.overlap_ms = 0;
        let plan = plan(Some(&unused), Some(&old), &successor, NOW);
        assert_eq!(plan, fates(Fate::Revoked, Fate::Revoked));
    }
}
