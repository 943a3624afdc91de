//! The order in which keys serve requests of one model, kept up to date while keys change one at a time.
//!
//! What the rules say of a key is worked out again only after the key changed, or when a moment came at which time
//! alone may have changed it. What belongs to one request only (its conversation, the keys that it excludes or is bound
//! to) is no part of the order; whoever asks looks past it.

use super::answer::Family;
use super::ask::Ask;
use super::key::KeyState;
use super::rank::Rank;
use super::select::Verdict;
use super::tournament::Tournament;
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Slots that changed since somebody looked, each named once.
#[derive(Debug, Default)]
pub(super) struct Changed {
    slots: Vec<usize>,
    is_named: Vec<bool>,
}

impl Changed {
    /// All of `slots` slots.
    pub(super) fn all(slots: usize) -> Self {
        Self {
            slots: (0..slots).collect(),
            is_named: vec![true; slots],
        }
    }

    pub(super) fn name(&mut self, slot: usize) {
        if let Some(is_named) = self.is_named.get_mut(slot)
            && !std::mem::replace(is_named, true)
        {
            self.slots.push(slot);
        }
    }

    pub(super) fn next(&mut self) -> Option<usize> {
        let slot = self.slots.pop()?;
        if let Some(is_named) = self.is_named.get_mut(slot) {
            *is_named = false;
        }
        Some(slot)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Order {
    model: Arc<str>,
    family: Family,
    changed: Changed,
    places: Tournament<Rank>,
    hindered: BTreeSet<usize>,
    /// What is said to requests that exclude no key, while no key is fit.
    pub(super) nobody: Option<Verdict>,
    /// The newest look: the order that nobody looked at for longest makes room for another.
    pub(super) looked_at: u64,
}

impl Order {
    /// The order of `slots` keys for requests like `ask`.
    pub(super) fn new(ask: &Ask, slots: usize) -> Self {
        Self {
            model: Arc::clone(&ask.model),
            family: ask.family.clone(),
            changed: Changed::all(slots),
            places: Tournament::new(slots, Rank::HINDERED),
            hindered: (0..slots).collect(),
            nobody: None,
            looked_at: 0,
        }
    }

    pub(super) fn is_for(&self, ask: &Ask) -> bool {
        self.model == ask.model && self.family == ask.family
    }

    pub(super) fn note_change(&mut self, slot: usize) {
        self.changed.name(slot);
    }

    /// How the key at `slot` ranks, all conversations aside; `None` when something stands in its way.
    pub(super) fn rank(&self, slot: usize) -> Option<Rank> {
        self.places.score(slot)
    }

    /// The first slot for which `may` holds, and its rank.
    pub(super) fn first_that(&self, may: &impl Fn(usize) -> bool) -> Option<(usize, Rank)> {
        self.places.first_that(may)
    }

    /// The best slots of ever larger neighbourhoods of `slot`, its own not among them.
    pub(super) fn met_by(&self, slot: usize) -> impl Iterator<Item = usize> {
        self.places.met_by(slot)
    }

    /// Slots of keys that something stands in the way of, whoever asks.
    pub(super) fn hindered(&self) -> impl Iterator<Item = usize> {
        self.hindered.iter().copied()
    }

    /// Works out again what changed.
    pub(super) fn refresh(&mut self, keys: &[KeyState], now: Timestamp) {
        while let Some(slot) = self.changed.next() {
            self.nobody = None;
            let Some(key) = keys.get(slot) else { continue };
            let condition = key.condition(&self.model, &self.family, now);
            let rank = Rank::of(key, condition).ok();
            match (self.rank(slot), rank) {
                (None, Some(_)) => {
                    self.hindered.remove(&slot);
                }
                (Some(_), None) => {
                    self.hindered.insert(slot);
                }
                _ => {}
            }
            self.places.set(slot, rank.unwrap_or(Rank::HINDERED));
        }
    }
}
