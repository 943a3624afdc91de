//! The way back after a rest: one request tries the key; whenever as many have succeeded as may run at once, twice
//! as many may run: 1, 2, 4, .. 32, then any number.
//!
//! A ramp belongs to a scope (the key, or one family on it), so that a family that comes back slowly does not
//! slow the others. Leases that began before the ramp are not counted: a long stream must not block the probe.

use super::answer::{Family, WindowScope};
use super::ask::LeaseId;
use crate::time::Timestamp;

/// A ramp ends when it would allow more than this many at once.
const WIDEST: u32 = 32;

/// How long an attempt may be silent before it stops to hold its slot, in milliseconds.
///
/// Rejections come fast and answers of plain requests slowly: after this time silence speaks for the key.
pub(super) const PATIENCE_MS: u64 = 5_000;

/// How many scopes of one key may be on their way back at once.
const MOST_RAMPS: usize = 128;

#[derive(Clone, Copy, Debug)]
struct Slot {
    lease: LeaseId,
    began_at: Timestamp,
    answered: bool,
}

impl Slot {
    fn frees_at(&self) -> Option<Timestamp> {
        (!self.answered).then(|| self.began_at.plus_ms(PATIENCE_MS))
    }

    fn holds(&self, now: Timestamp) -> bool {
        self.frees_at().is_none_or(|at| at > now)
    }
}

#[derive(Clone, Debug)]
struct Ramp {
    scope: WindowScope,
    /// The first lease that began after the ramp did.
    since: LeaseId,
    permits: u32,
    successes: u32,
    slots: Vec<Slot>,
}

impl Ramp {
    /// Doubling with every success would free the key in the middle of the first burst, before its last
    /// answers could say that it was too many.
    fn widen(&mut self) {
        self.successes = self.successes.saturating_add(1);
        if self.successes >= self.permits {
            self.permits = self.permits.saturating_mul(2);
        }
    }

    fn is_full(&self, now: Timestamp) -> bool {
        let held = self.slots.iter().filter(|s| s.holds(now)).count();
        u32::try_from(held).is_ok_and(|held| held >= self.permits)
    }
}

/// All ramps of one key; empty for a key that has been well for a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Ramps(Vec<Ramp>);

impl Ramps {
    /// Starts over in `scope`: the next request, which is `since` or younger, is a probe.
    ///
    /// An attempt that has said nothing yet keeps its slot: it may be the probe.
    pub(super) fn restart(&mut self, scope: &WindowScope, since: LeaseId) {
        if let Some(ramp) = self.0.iter_mut().find(|r| r.scope == *scope) {
            ramp.since = since;
            ramp.permits = 1;
            ramp.successes = 0;
            ramp.slots.retain(|s| !s.answered);
            return;
        }
        if self.0.len() >= MOST_RAMPS {
            self.0.swap_remove(0);
        }
        self.0.push(Ramp {
            scope: scope.clone(),
            since,
            permits: 1,
            successes: 0,
            slots: Vec::new(),
        });
    }

    /// Whether the ramp in `scope` began after `lease` did, which therefore says nothing against it.
    pub(super) fn is_younger(&self, scope: &WindowScope, lease: LeaseId) -> bool {
        self.0.iter().any(|r| r.scope == *scope && lease < r.since)
    }

    /// Whether another request of `family` may run now.
    pub(super) fn has_room(&self, family: &Family, now: Timestamp) -> bool {
        !self
            .0
            .iter()
            .any(|r| r.scope.binds(family) && r.is_full(now))
    }

    /// Whether a request of whatever family could run now.
    pub(super) fn has_room_for_some(&self, now: Timestamp) -> bool {
        !self
            .0
            .iter()
            .any(|r| r.scope == WindowScope::Key && r.is_full(now))
    }

    /// Whether `lease` has a slot, which another could take.
    pub(super) fn holds(&self, lease: LeaseId) -> bool {
        self.0
            .iter()
            .any(|r| r.slots.iter().any(|s| s.lease == lease))
    }

    /// Takes a slot for `lease`; says whether it is a probe.
    pub(super) fn occupy(&mut self, lease: LeaseId, family: &Family, now: Timestamp) -> bool {
        let mut probe = false;
        for ramp in self.0.iter_mut().filter(|r| r.scope.binds(family)) {
            probe |= ramp.permits == 1;
            ramp.slots.push(Slot {
                lease,
                began_at: now,
                answered: false,
            });
        }
        probe
    }

    /// The attempt was answered well: perhaps more may run.
    pub(super) fn succeeded(&mut self, lease: LeaseId) {
        for ramp in &mut self.0 {
            let slot = ramp.slots.iter_mut().find(|s| s.lease == lease);
            if let Some(slot) = slot.filter(|s| !s.answered) {
                slot.answered = true;
                ramp.widen();
            }
        }
        self.0.retain(|r| r.permits <= WIDEST);
    }

    /// The attempt is over or proved nothing: its slot is free for another.
    pub(super) fn vacate(&mut self, lease: LeaseId) {
        for ramp in &mut self.0 {
            ramp.slots.retain(|s| s.lease != lease);
        }
    }

    /// The clock was set back: patience keeps its length.
    pub(super) fn shift_back(&mut self, by_ms: u64) {
        for slot in self.0.iter_mut().flat_map(|r| &mut r.slots) {
            slot.began_at = slot.began_at.minus_ms(by_ms);
        }
    }

    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many may run at once in the narrowest ramp; `None` when nothing limits.
    pub(super) fn narrowest(&self) -> Option<u32> {
        self.0.iter().map(|r| r.permits).min()
    }

    /// The next moment at which a silent attempt stops to hold its slot.
    pub(super) fn next_release(&self, now: Timestamp) -> Option<Timestamp> {
        self.0
            .iter()
            .flat_map(|r| &r.slots)
            .filter_map(Slot::frees_at)
            .filter(|at| *at > now)
            .min()
    }
}
