//! Says why a key got a request and why the others did not, out of the state in which that was decided.
//!
//! What stands in a key's way is told before how it ranks, and never of more than [`NAMED`] keys. Of a large pool the
//! keys that are told are those that the chosen one was compared with last; the next best is always among them.

use super::ask::Ask;
use super::choice::{Choice, ChosenFor, NAMED, PassedOver, WhyNot};
use super::key::{Availability, KeyState};
use super::rank::Rank;
use super::ring::{KeyRing, Reach};
use crate::time::Timestamp;

impl Reach<'_> {
    /// Why the key at `chosen`, which has `rank`, serves `ask`.
    pub(super) fn choice(
        &self,
        (chosen, rank): (usize, Rank),
        ask: &Ask,
        now: Timestamp,
    ) -> Choice {
        let others = self.keys.len().saturating_sub(1);
        let mut passed = Vec::with_capacity(others.min(NAMED));
        passed.extend(self.hindrances(ask, now).take(NAMED));
        let is_small = others <= NAMED;
        let all = 0..if is_small { self.keys.len() } else { 0 };
        let met = self.order.met_by(chosen).filter(|_| !is_small);
        let mut next_best = None;
        for slot in all.chain(met).filter(|slot| *slot != chosen) {
            let (Some(key), Some(other)) = (self.keys.get(slot), self.rank(slot)) else {
                continue;
            };
            next_best = next_best.into_iter().chain([other]).min();
            if passed.len() < NAMED {
                passed.push(key.passed(rank.beats(other)));
            }
        }
        if self.bars_some() {
            next_best = self
                .first_that(|slot| slot != chosen)
                .map(|(_, other)| other);
        }
        Choice {
            chosen_for: next_best.map_or(ChosenFor::OnlyOne, |other| rank.decided_by(other)),
            unnamed: rest_of(others, &passed),
            passed,
        }
    }

    /// What stands in the way of keys that cannot serve `ask` now.
    pub(super) fn hindrances(&self, ask: &Ask, now: Timestamp) -> impl Iterator<Item = PassedOver> {
        let hindered = self.order.hindered();
        let barred = self
            .barred()
            .filter(|slot| self.order.rank(*slot).is_some());
        let keys = hindered
            .chain(barred)
            .filter_map(|slot| self.keys.get(slot));
        keys.filter_map(move |key| Some(key.passed(key.hindrance(ask, now)?)))
    }
}

impl KeyRing {
    /// Why the key at `chosen` serves an ask that is bound to it.
    pub(super) fn choice_bound_to(&self, chosen: usize) -> Choice {
        let others = self.iter().enumerate().filter(|(slot, _)| *slot != chosen);
        let passed = others.map(|(_, key)| key.passed(WhyNot::NotBound));
        let passed: Vec<PassedOver> = passed.take(NAMED).collect();
        Choice {
            chosen_for: ChosenFor::Bound,
            unnamed: rest_of(self.len().saturating_sub(1), &passed),
            passed,
        }
    }

    /// Why no key is free for `ask` now.
    pub(super) fn obstacles(&mut self, ask: &Ask, now: Timestamp) -> Vec<PassedOver> {
        match ask.bound {
            Some(id) => {
                let own = self.bound(id).map(|(_, key)| key);
                let own = own.and_then(|key| Some(key.passed(key.hindrance(ask, now)?)));
                own.into_iter().collect()
            }
            None => {
                let reach = self.reach(ask, None, now);
                reach.hindrances(ask, now).take(NAMED).collect()
            }
        }
    }
}

fn rest_of(others: usize, named: &[PassedOver]) -> u32 {
    u32::try_from(others.saturating_sub(named.len())).unwrap_or(u32::MAX)
}

impl KeyState {
    const fn passed(&self, why: WhyNot) -> PassedOver {
        PassedOver { key: self.id, why }
    }

    /// What stands in the way of `ask`; `None` when the key could serve it.
    fn hindrance(&self, ask: &Ask, now: Timestamp) -> Option<WhyNot> {
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
