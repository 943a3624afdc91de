//! One key as the pool sees it: whether it may serve an ask now, and what it is doing.

use super::answer::Family;
use super::ask::{Ask, LeaseId};
use super::entitlement::RefusedModels;
use super::ramp::{PATIENCE_MS, Ramps};
use super::rest::Rests;
use super::window::Windows;
use crate::ids::KeyId;
use crate::provider_key::{KeySwitch, Quarantine};
use crate::time::Timestamp;

/// Whether a key may serve an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Availability {
    /// Now.
    Ready {
        /// Headroom, 0 to 10.
        step: u8,
    },
    /// Now, but a window looks empty: only when nothing else is ready.
    Spent {
        /// Headroom, 0 to 10.
        step: u8,
    },
    /// Not before this moment, or any moment when it is the present.
    Later(Timestamp),
    /// Not while its account has no money, which time alone does not bring.
    OutOfMoney,
    /// Switched off.
    Disabled,
    /// Set aside until a person acts.
    Quarantined,
    /// It refused this model, or the ask excludes it.
    NotEntitled,
    /// The ask avoids it.
    Avoided,
}

/// The moving state of one key.
#[derive(Debug)]
pub(super) struct KeyState {
    pub(super) id: KeyId,
    pub(super) priority: u32,
    pub(super) switch: KeySwitch,
    pub(super) quarantine: Option<Quarantine>,
    pub(super) rests: Rests,
    pub(super) ramps: Ramps,
    pub(super) windows: Windows,
    pub(super) refused_models: RefusedModels,
    pub(super) in_flight: u32,
    pub(super) unanswered: Vec<(LeaseId, Family)>,
    /// The newest lease: a sequence, because many leases begin within one millisecond.
    pub(super) last_lease: LeaseId,
    pub(super) last_used: Option<Timestamp>,
    /// The one lease that tries the key while it looks spent.
    pub(super) spent_try: Option<(LeaseId, Timestamp)>,
    /// How often in a row the account had no money.
    pub(super) money_strikes: u32,
    /// How often in a row a rejection named a reset that had passed already.
    pub(super) passed_resets: u32,
    /// The first lease of the present secret: what earlier ones learn belongs to another.
    pub(super) secret_mark: LeaseId,
    /// The first lease since an operator cleared the key: earlier ones cannot condemn it again.
    pub(super) clear_mark: LeaseId,
}

impl KeyState {
    pub(super) fn new(id: KeyId) -> Self {
        Self {
            id,
            priority: 0,
            switch: KeySwitch::Enabled,
            quarantine: None,
            rests: Rests::default(),
            ramps: Ramps::default(),
            windows: Windows::default(),
            refused_models: RefusedModels::default(),
            in_flight: 0,
            unanswered: Vec::new(),
            last_lease: LeaseId(0),
            last_used: None,
            spent_try: None,
            money_strikes: 0,
            passed_resets: 0,
            secret_mark: LeaseId(0),
            clear_mark: LeaseId(0),
        }
    }

    /// Whether the key may serve `ask` at `now`.
    pub(super) fn availability(&self, ask: &Ask, now: Timestamp) -> Availability {
        match self.condition(&ask.model, &ask.family, now) {
            off @ (Availability::Disabled | Availability::Quarantined) => off,
            _ if ask.excluded.contains(&self.id) => Availability::NotEntitled,
            _ if ask.avoided.contains(&self.id) => Availability::Avoided,
            condition => condition,
        }
    }

    /// Whether the key may serve a request of `model`, which is of `family`, at `now`.
    pub(super) fn condition(&self, model: &str, family: &Family, now: Timestamp) -> Availability {
        if self.switch == KeySwitch::Disabled {
            return Availability::Disabled;
        }
        if self.quarantine.is_some() {
            return Availability::Quarantined;
        }
        if self.refused_models.contains(model, now) {
            return Availability::NotEntitled;
        }
        if self.rests.has_no_money(now) {
            return Availability::OutOfMoney;
        }
        if let Some(until) = self.rests.until(family, now) {
            return Availability::Later(until);
        }
        if !self.ramps.has_room(family, now) {
            return Availability::Later(now);
        }
        let step = self.windows.headroom_step(family, self.in_flight, now);
        if self.windows.spent_until(family, now).is_none() {
            return Availability::Ready { step };
        }
        if self.is_being_tried(now) {
            return Availability::Later(now);
        }
        Availability::Spent { step }
    }

    /// Whether it might serve some ask or other at `now`; false is certain, true is not.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.switch == KeySwitch::Enabled
            && self.quarantine.is_none()
            && self.rests.until_for_all(now).is_none()
            && self.ramps.has_room_for_some(now)
    }

    /// Whether `lease` is the one that tries the key while it looks spent.
    pub(super) fn is_tried_by(&self, lease: LeaseId) -> bool {
        self.spent_try.is_some_and(|(own, _)| own == lease)
    }

    fn is_being_tried(&self, now: Timestamp) -> bool {
        self.spent_try
            .is_some_and(|(_, began_at)| began_at.plus_ms(PATIENCE_MS) > now)
    }

    /// Books a lease on the key; says whether it is a probe.
    pub(super) fn begin(&mut self, lease: LeaseId, family: &Family, now: Timestamp) -> bool {
        if self.windows.spent_until(family, now).is_some() {
            self.spent_try = Some((lease, now));
        }
        self.in_flight = self.in_flight.saturating_add(1);
        self.unanswered.push((lease, family.clone()));
        self.last_lease = lease;
        self.last_used = Some(now);
        self.windows.lease_began(family);
        self.ramps.occupy(lease, family, now)
    }

    /// The oldest attempt whose answer has not been dealt with, `lease` being the one whose answer is.
    pub(super) fn oldest_unsettled(&self, lease: LeaseId) -> LeaseId {
        let others = self.unanswered.iter().map(|(other, _)| *other);
        others.fold(lease, LeaseId::min)
    }

    /// The readings of an answer have counted `lease`.
    pub(super) fn counted(&mut self, lease: LeaseId) {
        let at = self.unanswered.iter().position(|(id, _)| *id == lease);
        if let Some(at) = at {
            self.unanswered.swap_remove(at);
        }
    }

    /// An answer to `lease` came, whatever it says.
    pub(super) fn answered(&mut self, lease: LeaseId) {
        self.counted(lease);
        if self.spent_try.is_some_and(|(id, _)| id == lease) {
            self.spent_try = None;
        }
    }

    /// Takes the slot of `lease` back.
    pub(super) fn end(&mut self, lease: LeaseId) {
        self.answered(lease);
        self.ramps.vacate(lease);
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The clock was set back: what was measured from a moment of ours moves with it, what the provider dated and
    /// what is over by the `latest` reading stays what it is.
    pub(super) fn shift_back(&mut self, by_ms: u64, latest: Timestamp) {
        self.rests.shift_back(by_ms, latest);
        self.ramps.shift_back(by_ms);
        self.windows.shift_back(by_ms);
        self.refused_models.shift_back(by_ms);
        self.spent_try = self
            .spent_try
            .map(|(lease, at)| (lease, at.minus_ms(by_ms)));
        self.last_used = self.last_used.map(|at| at.minus_ms(by_ms));
    }

    /// The next moment after `now` at which time alone may change whether the key serves, or how it ranks.
    pub(super) fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let tried = self
            .spent_try
            .map(|(_, began_at)| began_at.plus_ms(PATIENCE_MS))
            .filter(|at| *at > now);
        [
            self.rests.next_end(now),
            self.ramps.next_release(now),
            self.windows.next_forgotten(now),
            self.refused_models.next_forgotten(now),
            tried,
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
