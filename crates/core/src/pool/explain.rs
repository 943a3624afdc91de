//! Says why a key got a request and why the others did not, out of the state in which that was decided.
//!
//! What stands in a key's way is told before how it ranks, and never more than [`NAMED`] keys.

use super::ask::Ask;
use super::choice::{Choice, ChosenFor, NAMED, PassedOver, WhyNot};
use super::key::{Availability, KeyState};
use super::select::Rank;
use crate::ids::KeyId;
use crate::time::Timestamp;

/// Why the key at `chosen` serves `ask`, before its lease begins.
pub(super) fn choice(
    keys: &[KeyState],
    chosen: usize,
    ask: &Ask,
    affine: Option<KeyId>,
    now: Timestamp,
) -> Choice {
    let own = keys.get(chosen);
    let own = own.and_then(|key| Rank::of(key, ask, affine, now).ok());
    let mut hindered = Vec::new();
    let mut outranked = Vec::new();
    let mut runner_up: Option<Rank> = None;
    for (index, key) in keys.iter().enumerate() {
        if index == chosen {
            continue;
        }
        match (Rank::of(key, ask, affine, now), own) {
            (Ok(rank), Some(own)) if ask.bound.is_none() => {
                runner_up = Some(runner_up.map_or(rank, |known| known.min(rank)));
                if outranked.len() < NAMED {
                    outranked.push(key.passed(own.beats(&rank)));
                }
            }
            _ if hindered.len() < NAMED => {
                hindered.extend(key.hindrance(ask, now).map(|why| key.passed(why)));
            }
            _ => {}
        }
    }
    let mut passed = hindered;
    passed.extend(outranked);
    passed.truncate(NAMED);
    let unnamed = keys.len().saturating_sub(1 + passed.len());
    Choice {
        chosen_for: match (ask.bound, own, runner_up) {
            (Some(_), ..) => ChosenFor::Bound,
            (None, Some(own), Some(other)) => own.decided_by(&other),
            (None, ..) => ChosenFor::OnlyOne,
        },
        passed,
        unnamed: u32::try_from(unnamed).unwrap_or(u32::MAX),
    }
}

/// What stands in the way of keys that cannot serve `ask` now.
pub(super) fn obstacles(keys: &[KeyState], ask: &Ask, now: Timestamp) -> Vec<PassedOver> {
    let hindered = keys
        .iter()
        .filter_map(|key| Some(key.passed(key.hindrance(ask, now)?)));
    hindered.take(NAMED).collect()
}

impl Rank {
    /// The rule that put this rank before `other`.
    fn decided_by(&self, other: &Self) -> ChosenFor {
        if self.is_spent != other.is_spent {
            ChosenFor::NotSpent
        } else if self.priority != other.priority {
            ChosenFor::Priority
        } else if self.is_elsewhere != other.is_elsewhere {
            ChosenFor::Conversation
        } else if self.crowding != other.crowding {
            ChosenFor::Headroom
        } else {
            ChosenFor::LeastRecent
        }
    }

    /// What the key of `other` is told when this rank comes before it.
    fn beats(&self, other: &Self) -> WhyNot {
        match self.decided_by(other) {
            ChosenFor::NotSpent => WhyNot::Spent,
            ChosenFor::Priority => WhyNot::LowerPriority,
            ChosenFor::Conversation => WhyNot::ConversationElsewhere,
            ChosenFor::Headroom => WhyNot::LessHeadroom(10u8.saturating_sub(other.crowding)),
            _ => WhyNot::UsedMoreRecently,
        }
    }
}

impl KeyState {
    const fn passed(&self, why: WhyNot) -> PassedOver {
        PassedOver { key: self.id, why }
    }

    /// What stands in the way of `ask`; `None` when the key could serve it.
    fn hindrance(&self, ask: &Ask, now: Timestamp) -> Option<WhyNot> {
        if ask.bound.is_some_and(|bound| bound != self.id) {
            return Some(WhyNot::NotBound);
        }
        Some(match self.availability(ask, now) {
            Availability::Ready { .. } | Availability::Spent { .. } => return None,
            Availability::Disabled => WhyNot::Disabled,
            Availability::Quarantined => WhyNot::Quarantined,
            Availability::NotEntitled => WhyNot::NotEntitled,
            Availability::Avoided => WhyNot::Avoided,
            Availability::OutOfMoney => {
                WhyNot::OutOfMoney(self.rests.money_until(now).unwrap_or(now))
            }
            Availability::Later(_) => match self.rests.binding(&ask.family, now) {
                Some((window, rest)) => WhyNot::Resting {
                    window: window.kind.clone(),
                    until: rest.until,
                },
                None => WhyNot::BeingTried,
            },
        })
    }
}
