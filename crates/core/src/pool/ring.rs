//! The keys of one pool, and which of them is first for an ask, found without looking at all of them.
//!
//! [`Order`]s are kept for the models that were asked for lately. A key is changed through [`KeyRing::change`] alone,
//! so that no order misses it.

use super::ask::Ask;
use super::key::KeyState;
use super::order::{Changed, Order};
use super::rank::Rank;
use super::select::{Verdict, select};
use super::tournament::Tournament;
use crate::ids::KeyId;
use crate::time::Timestamp;
use std::collections::HashMap;

/// For how many models an order is kept; model names come from clients, so the number must have an end.
const MOST_ORDERS: usize = 16;

/// When time changes nothing.
pub(super) const NEVER: Timestamp = Timestamp::from_millis(u64::MAX);

/// See the module.
#[derive(Debug)]
pub(super) struct KeyRing {
    keys: Vec<KeyState>,
    positions: HashMap<KeyId, usize>,
    orders: Vec<Order>,
    /// By slot, when time alone may change where the key stands.
    moments: Tournament<Timestamp>,
    changed: Changed,
    looks: u64,
}

impl Default for KeyRing {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            positions: HashMap::new(),
            orders: Vec::new(),
            moments: Tournament::new(0, NEVER),
            changed: Changed::default(),
            looks: 0,
        }
    }
}

/// What one ask finds: the keys in the order of its model, less those that are out of the question for it.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    pub(super) keys: &'a [KeyState],
    pub(super) order: &'a Order,
    /// The slots of keys that the ask excludes or avoids, ascending.
    barred: Vec<usize>,
    /// The slot of the key that the conversation is on.
    home: Option<usize>,
}

impl Reach<'_> {
    /// Whether some key is out of the question for this ask alone.
    pub(super) const fn bars_some(&self) -> bool {
        !self.barred.is_empty()
    }

    fn may(&self, slot: usize) -> bool {
        self.barred.is_empty() || self.barred.binary_search(&slot).is_err()
    }

    pub(super) fn barred(&self) -> impl Iterator<Item = usize> {
        self.barred.iter().copied()
    }

    /// How the key at `slot` ranks; `None` when it cannot serve the ask.
    pub(super) fn rank(&self, slot: usize) -> Option<Rank> {
        let rank = self.order.rank(slot).filter(|_| self.may(slot))?;
        Some(if self.home == Some(slot) {
            rank.at_home()
        } else {
            rank
        })
    }

    /// The slot that comes first among those that `may`, and its rank.
    pub(super) fn first_that(&self, may: impl Fn(usize) -> bool) -> Option<(usize, Rank)> {
        let abroad = self.order.first_that(&|slot| self.may(slot) && may(slot));
        let home = self.home.filter(|home| may(*home));
        let at_home = home.and_then(|home| Some((home, self.rank(home)?)));
        let all = [abroad, at_home].into_iter().flatten();
        all.min_by_key(|(_, rank)| *rank)
    }
}

impl KeyRing {
    pub(super) const fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &KeyState> {
        self.keys.iter()
    }

    pub(super) fn get(&self, slot: usize) -> Option<&KeyState> {
        self.keys.get(slot)
    }

    pub(super) fn position(&self, id: KeyId) -> Option<usize> {
        self.positions.get(&id).copied()
    }

    /// The key at `slot`, to be changed.
    pub(super) fn change(&mut self, slot: usize) -> Option<&mut KeyState> {
        let key = self.keys.get_mut(slot)?;
        self.changed.name(slot);
        for order in &mut self.orders {
            order.note_change(slot);
        }
        Some(key)
    }

    /// The slot of a key, which may be new.
    pub(super) fn insert(&mut self, id: KeyId) -> usize {
        if let Some(slot) = self.position(id) {
            return slot;
        }
        let slot = self.keys.len();
        self.keys.push(KeyState::new(id));
        self.positions.insert(id, slot);
        self.begin_anew();
        slot
    }

    /// Takes a key out; the last one takes its slot.
    pub(super) fn remove(&mut self, id: KeyId) -> Option<KeyState> {
        let slot = self.positions.remove(&id)?;
        let key = self.keys.swap_remove(slot);
        if let Some(moved) = self.keys.get(slot) {
            self.positions.insert(moved.id, slot);
        }
        self.begin_anew();
        Some(key)
    }

    /// The clock was set back.
    pub(super) fn shift_back(&mut self, by_ms: u64, latest: Timestamp) {
        for key in &mut self.keys {
            key.shift_back(by_ms, latest);
        }
        self.begin_anew();
    }

    /// The first moment after `now` at which time alone may change where some key stands; [`NEVER`] when none may.
    pub(super) fn next_change(&mut self, now: Timestamp) -> Timestamp {
        self.keep_up(now);
        self.moments.first().map_or(NEVER, |(_, at)| at)
    }

    /// What `ask` finds. Only one that is bound to no key looks at more than one.
    pub(super) fn reach(&mut self, ask: &Ask, affine: Option<KeyId>, now: Timestamp) -> Reach<'_> {
        let barred = ask.excluded.iter().chain(&ask.avoided);
        let mut barred: Vec<usize> = barred.filter_map(|id| self.position(*id)).collect();
        barred.sort_unstable();
        barred.dedup();
        let home = affine.and_then(|id| self.position(id));
        let at = self.order(ask, now);
        Reach {
            keys: &self.keys,
            #[expect(clippy::indexing_slicing, reason = "where it was found just now")]
            order: &self.orders[at],
            barred,
            home,
        }
    }

    /// The key that `ask` is bound to.
    pub(super) fn bound(&self, id: KeyId) -> Option<(usize, &KeyState)> {
        let slot = self.position(id)?;
        Some((slot, self.keys.get(slot)?))
    }

    /// What `ask` is told, its conversation aside.
    pub(super) fn verdict(&mut self, ask: &Ask, now: Timestamp) -> Verdict {
        if let Some(bound) = ask.bound {
            return select(self.bound(bound).into_iter(), ask, None, now);
        }
        let reach = self.reach(ask, None, now);
        if let Some((slot, _)) = reach.first_that(|_| true) {
            return Verdict::Use(slot);
        }
        let known = reach.order.nobody;
        if !ask.excluded.is_empty() || !ask.avoided.is_empty() {
            return select(self.keys.iter().enumerate(), ask, None, now);
        }
        let verdict = known.unwrap_or_else(|| select(self.keys.iter().enumerate(), ask, None, now));
        let at = self.order(ask, now);
        if let Some(order) = self.orders.get_mut(at) {
            order.nobody = Some(verdict);
        }
        verdict.not_before(now)
    }

    /// Where the order for asks like this one is, brought up to date.
    fn order(&mut self, ask: &Ask, now: Timestamp) -> usize {
        self.keep_up(now);
        let known = self.orders.iter().position(|order| order.is_for(ask));
        let at = known.unwrap_or_else(|| self.begin_order(ask));
        self.looks += 1;
        if let Some(order) = self.orders.get_mut(at) {
            order.looked_at = self.looks;
            order.refresh(&self.keys, now);
        }
        at
    }

    fn begin_order(&mut self, ask: &Ask) -> usize {
        let oldest = self.orders.iter().enumerate();
        let oldest = oldest.min_by_key(|(_, order)| order.looked_at);
        if let Some((oldest, _)) = oldest.filter(|_| self.orders.len() >= MOST_ORDERS) {
            self.orders.swap_remove(oldest);
        }
        self.orders.push(Order::new(ask, self.keys.len()));
        self.orders.len() - 1
    }

    /// Hears what changed, and what time changed.
    fn keep_up(&mut self, now: Timestamp) {
        while let Some(slot) = self.changed.next() {
            self.look_at_moment(slot, now);
        }
        while let Some((slot, _)) = self.moments.first().filter(|(_, at)| *at <= now) {
            self.look_at_moment(slot, now);
            for order in &mut self.orders {
                order.note_change(slot);
            }
        }
    }

    fn look_at_moment(&mut self, slot: usize, now: Timestamp) {
        let key = self.keys.get(slot);
        let moment = key.and_then(|key| key.next_change(now));
        self.moments.set(slot, moment.unwrap_or(NEVER));
    }

    /// Other slots, or another time: nothing that was worked out holds.
    fn begin_anew(&mut self) {
        self.orders.clear();
        self.moments = Tournament::new(self.keys.len(), NEVER);
        self.changed = Changed::all(self.keys.len());
    }
}

#[cfg(test)]
mod tests;
