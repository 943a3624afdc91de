//! What a rotation does to the tokens that were there before: the rule that every store follows (P3).
//!
//! The predecessor keeps working until the successor's first use plus the overlap, so that a lost reply strands nobody.

use portunus_core::credential::TokenRecord;
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
