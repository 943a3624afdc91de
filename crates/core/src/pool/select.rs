//! The choice of a key: ready before spent, then tier, affinity, headroom, least recent use.

use super::ask::{Ask, Impossible, LeaseId};
use super::key::{Availability, KeyState};
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

/// Smaller is better; field order is the order of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) is_spent: bool,
    pub(super) priority: u32,
    pub(super) is_elsewhere: bool,
    pub(super) crowding: u8,
    pub(super) last_lease: LeaseId,
    id: KeyId,
}

impl Rank {
    /// How `key` ranks for `ask`, or what stands in its way.
    pub(super) fn of(
        key: &KeyState,
        ask: &Ask,
        affine: Option<KeyId>,
        now: Timestamp,
    ) -> Result<Self, Availability> {
        let (is_spent, step) = match key.availability(ask, now) {
            Availability::Ready { step } => (false, step),
            Availability::Spent { step } => (true, step),
            other => return Err(other),
        };
        Ok(Self {
            is_spent,
            priority: key.priority,
            is_elsewhere: affine != Some(key.id),
            crowding: 10u8.saturating_sub(step),
            last_lease: key.last_lease,
            id: key.id,
        })
    }
}

/// What stands in the way of the keys that were not chosen.
#[derive(Default)]
struct Obstacles {
    earliest: Option<Timestamp>,
    quarantined: usize,
    out_of_money: usize,
    not_entitled: usize,
}

/// Looks over all keys once.
pub(super) fn select(
    keys: &[KeyState],
    ask: &Ask,
    affine: Option<KeyId>,
    now: Timestamp,
) -> Verdict {
    let mut best: Option<(Rank, usize)> = None;
    let mut obstacles = Obstacles::default();
    let in_reach = keys
        .iter()
        .enumerate()
        .filter(|(_, key)| ask.bound.is_none_or(|bound| bound == key.id));
    for (index, key) in in_reach {
        let rank = match Rank::of(key, ask, affine, now) {
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
