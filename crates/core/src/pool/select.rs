//! The choice of a key by a look at each, and the honest no where none will do.

use super::ask::{Ask, Impossible};
use super::key::{Availability, KeyState};
use super::rank::Rank;
use crate::ids::KeyId;
use crate::time::Timestamp;

/// What one look over the keys found for an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The key at this position.
    Use(usize),
    /// Keys in reach rest or are being tried; the earliest moment.
    Wait(Timestamp),
    /// No key in reach will ever do as things stand.
    Impossible(Impossible),
}

/// What stands in the way of the keys that were not chosen.
#[derive(Default)]
struct Obstacles {
    earliest: Option<Timestamp>,
    quarantined: usize,
    out_of_money: usize,
    not_entitled: usize,
}

/// Looks over these keys one by one, each with its position.
pub(super) fn select<'a>(
    keys: impl Iterator<Item = (usize, &'a KeyState)>,
    ask: &Ask,
    affine: Option<KeyId>,
    now: Timestamp,
) -> Verdict {
    let mut best: Option<(Rank, usize)> = None;
    let mut obstacles = Obstacles::default();
    for (index, key) in keys {
        let rank = match Rank::of(key, key.availability(ask, now)) {
            Ok(rank) if affine == Some(key.id) => rank.at_home(),
            Ok(rank) => rank,
            Err(obstacle) => {
                obstacles.note(obstacle);
                continue;
            }
        };
        if best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, index));
        }
    }
    match best {
        Some((_, index)) => Verdict::Use(index),
        None => obstacles.verdict(ask),
    }
}

impl Verdict {
    /// The verdict at `now`, where nothing but time has passed since it was found.
    pub(super) fn not_before(self, now: Timestamp) -> Self {
        match self {
            Self::Wait(at) => Self::Wait(at.max(now)),
            other => other,
        }
    }
}

impl Obstacles {
    fn note(&mut self, availability: Availability) {
        match availability {
            Availability::Later(at) => {
                self.earliest = Some(self.earliest.map_or(at, |known| known.min(at)));
            }
            Availability::Quarantined => self.quarantined += 1,
            Availability::OutOfMoney => self.out_of_money += 1,
            Availability::NotEntitled | Availability::Avoided => self.not_entitled += 1,
            Availability::Disabled | Availability::Ready { .. } | Availability::Spent { .. } => {}
        }
    }

    fn verdict(&self, ask: &Ask) -> Verdict {
        if let Some(earliest) = self.earliest {
            return Verdict::Wait(earliest);
        }
        Verdict::Impossible(if self.not_entitled > 0 {
            Impossible::NotEntitled
        } else if self.out_of_money > 0 {
            Impossible::OutOfMoney
        } else if ask.bound.is_some() {
            Impossible::BoundKeyGone
        } else if self.quarantined > 0 {
            Impossible::AllQuarantined
        } else {
            Impossible::NoKeys
        })
    }
}
