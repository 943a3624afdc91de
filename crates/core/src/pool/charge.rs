//! Charging: what an attempt's answer does to the key whose lease it was, however late it comes.

use super::answer::{
    Class, EntitlementScope, Observation, WindowId, WindowReading, WindowScope, WindowStatus,
};
use super::ask::{LeaseId, Leased};
use super::event::{Onset, PoolEvent};
use super::key::KeyState;
use super::rest::{Change, Rest, RestReason};
use super::state::PoolState;
use crate::ids::KeyId;
use crate::provider_key::Quarantine;
use crate::time::Timestamp;
use std::sync::Arc;

/// A rejection without a reset rests at least this long, in milliseconds, and at most twice as long.
const UNSTATED_MS: u64 = 30_000;

/// A rejection whose reset has passed already rests this long at first, doubling while it repeats.
const PASSED_RESET_MS: u64 = 500;

/// The longest rest of that kind.
const PASSED_RESET_MOST_MS: u64 = 30_000;

/// Money: the first rest, doubling while it repeats.
const MONEY_MS: u64 = 10 * 60_000;

/// Money: the longest rest.
const MONEY_MOST_MS: u64 = 60 * 60_000;

/// No window of any provider is longer than a month; a later reset is a mistake and not believed.
const LONGEST_WINDOW_MS: u64 = 35 * 24 * 60 * 60_000;

/// The kind of the window that rests when the provider names none.
const UNSTATED: &str = "unstated";

/// The kind of the window that rests while there is no money.
const MONEY: &str = "money";

/// Whether waiters may have lost their last hope by a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aftermath {
    KeysRemain,
    KeyLost,
}

impl PoolState {
    /// Charges `observation` to the key of `leased`; the lease goes on.
    ///
    /// May be called more than once for a lease: for the headers, then for what the stream says.
    pub fn charge(&mut self, leased: &Leased, observation: &Observation, now: Timestamp) {
        let aftermath = self.charging(leased, now, |charge, key| charge.apply(key, observation));
        if aftermath == Some(Aftermath::KeyLost) {
            self.refuse_hopeless(now);
        }
        self.dispatch(now);
    }

    /// Charges what an answer that may still fail shows of the key's windows; the lease goes on.
    ///
    /// A stream that began with 200 may still say that a limit was hit: until it has said something else, only what
    /// the provider states of its windows counts, and not the success.
    pub fn charge_windows(&mut self, leased: &Leased, readings: &[WindowReading], now: Timestamp) {
        self.charging(leased, now, |mut charge, key| charge.read(key, readings));
        self.dispatch(now);
    }

    fn charging<R>(
        &mut self,
        leased: &Leased,
        now: Timestamp,
        act: impl FnOnce(Charge<'_>, &mut KeyState) -> R,
    ) -> Option<R> {
        self.note_time(now);
        let mark = self.next_lease();
        let index = self.position(leased)?;
        let key = self.ring.change(index)?;
        let told = self.outbox.events.len();
        // Rests heal with an event; all else that may open a key is that something stands in its way now.
        let may_open = key.ramps.holds(leased.id)
            || key.is_tried_by(leased.id)
            || key.windows.is_any_spent(now);
        let charge = Charge {
            leased,
            mark,
            now,
            events: &mut self.outbox.events,
        };
        let done = act(charge, key);
        if may_open || self.outbox.events.len() > told {
            self.stir();
        }
        Some(done)
    }
}

/// One charge: whose lease, and which lease will begin next.
struct Charge<'a> {
    leased: &'a Leased,
    mark: LeaseId,
    now: Timestamp,
    events: &'a mut Vec<PoolEvent>,
}

impl Charge<'_> {
    fn apply(mut self, key: &mut KeyState, observation: &Observation) -> Aftermath {
        let lease = self.leased.id;
        key.answered(lease);
        if lease < key.secret_mark {
            key.ramps.vacate(lease);
            return Aftermath::KeysRemain;
        }
        self.read(key, &observation.windows);
        match observation.class {
            Class::Ok => self.succeeded(key, &observation.windows),
            Class::Quota => self.limited(key, &observation.windows),
            Class::MoneyOut => return self.money_out(key),
            Class::CredentialDead => return self.condemned(key),
            Class::Entitlement(EntitlementScope::KeyModel) => return self.not_entitled(key),
            Class::Entitlement(EntitlementScope::Request)
            | Class::Overload { .. }
            | Class::ClientFault
            | Class::Network => key.ramps.vacate(lease),
        }
        Aftermath::KeysRemain
    }

    /// Takes over what the answer shows of windows, whatever becomes of the request.
    fn read(&mut self, key: &mut KeyState, readings: &[WindowReading]) {
        let lease = self.leased.id;
        if lease < key.secret_mark {
            return;
        }
        key.counted(lease);
        key.windows.note(lease, readings, &key.unanswered, self.now);
        self.heal_by_readings(key, readings);
    }

    /// The provider says `allowed` of a window: its rest ends, if this lease could know of it.
    fn heal_by_readings(&mut self, key: &mut KeyState, readings: &[WindowReading]) {
        let allowed = |window: &WindowId| {
            readings
                .iter()
                .any(|r| r.status == WindowStatus::Allowed && r.id == *window)
        };
        let (lease, oldest) = (self.leased.id, key.oldest_unsettled(self.leased.id));
        let healed = key
            .rests
            .heal(lease, oldest, self.now, |window, _| allowed(window));
        self.tell_healed(key.id, healed);
    }

    fn succeeded(&mut self, key: &mut KeyState, readings: &[WindowReading]) {
        let lease = self.leased.id;
        key.ramps.succeeded(lease);
        key.passed_resets = 0;
        // Windows that we made up because the provider named none can only be healed by success itself.
        let own = WindowScope::Family(self.leased.family.clone());
        let oldest = key.oldest_unsettled(self.leased.id);
        let healed = key.rests.heal(lease, oldest, self.now, |window, reason| {
            let binds_ask = window.scope.binds(&self.leased.family);
            match reason {
                RestReason::Unstated | RestReason::Money => binds_ask,
                RestReason::Rejected => readings.is_empty() && window.scope == own,
            }
        });
        if lease >= key.clear_mark {
            key.money_strikes = 0;
        }
        self.tell_healed(key.id, healed);
    }

    /// A quota is spent: every rejected window rests until its own reset.
    fn limited(&mut self, key: &mut KeyState, readings: &[WindowReading]) {
        key.ramps.vacate(self.leased.id);
        let rejected = readings
            .iter()
            .filter(|r| r.status == WindowStatus::Rejected);
        let (dated, undated): (Vec<&WindowReading>, Vec<&WindowReading>) =
            rejected.partition(|r| self.believable_reset(r).is_some());
        for reading in &dated {
            if let Some(reset) = self.believable_reset(reading) {
                self.rest_until_reset(key, &reading.id, reset);
            }
        }
        // A rejection whose resets are all of other families still rejected this one.
        let asked = &self.leased.family;
        let binds_ask =
            |readings: &[&WindowReading]| readings.iter().any(|r| r.id.scope.binds(asked));
        if binds_ask(&dated) {
            return;
        }
        let until = self.now.plus_ms(UNSTATED_MS + self.spread(UNSTATED_MS));
        let named = binds_ask(&undated);
        for reading in &undated {
            self.rest_unless_outdated(key, &reading.id, until);
        }
        if !named {
            let window = WindowId {
                scope: WindowScope::Family(self.leased.family.clone()),
                kind: Arc::from(UNSTATED),
            };
            self.rest_unless_outdated(key, &window, until);
        }
    }

    /// Nothing says when such a rest would end, so only one whose lease may know the latest begins.
    fn rest_unless_outdated(&mut self, key: &mut KeyState, window: &WindowId, until: Timestamp) {
        if !key.rests.is_outdated(window, self.leased.id, None) {
            self.rest(key, window, until, RestReason::Unstated);
        }
    }

    fn believable_reset(&self, reading: &WindowReading) -> Option<Timestamp> {
        let latest = self.now.plus_ms(LONGEST_WINDOW_MS);
        reading.reset.filter(|reset| *reset <= latest)
    }

    fn rest_until_reset(&mut self, key: &mut KeyState, window: &WindowId, reset: Timestamp) {
        let lease = self.leased.id;
        if key.rests.is_outdated(window, lease, Some(reset)) {
            return;
        }
        if reset > self.now.plus_ms(PASSED_RESET_MS) {
            key.passed_resets = 0;
            self.rest(key, window, reset, RestReason::Rejected);
            return;
        }
        // One of a burst whose rest was served since, or whose refill is being tried already.
        let is_known = key.rests.last(window).is_some_and(|(_, mark)| lease < mark);
        if reset > self.now && is_known {
            self.rest(key, window, reset, RestReason::Rejected);
            return;
        }
        if is_known || (reset <= self.now && key.ramps.is_younger(&window.scope, lease)) {
            return;
        }
        let again = key.passed_resets;
        key.passed_resets = again.saturating_add(1);
        if again == 0 && reset > self.now {
            self.rest(key, window, reset, RestReason::Rejected);
            return;
        }
        if again == 0 && reset > self.leased.began_at && reset < self.now {
            // The window was refilled while this answer was on its way: nothing is left to wait for.
            key.ramps.restart(&window.scope, self.mark);
            return;
        }
        // "In a moment", "now" or earlier, and yet a rejection: without a growing pause this would be a hot loop.
        let pause = (PASSED_RESET_MS << again.min(16)).min(PASSED_RESET_MOST_MS);
        self.rest(key, window, self.now.plus_ms(pause), RestReason::Unstated);
    }

    fn money_out(&mut self, key: &mut KeyState) -> Aftermath {
        key.ramps.vacate(self.leased.id);
        if self.leased.id < key.clear_mark {
            return Aftermath::KeysRemain;
        }
        let window = WindowId {
            scope: WindowScope::Key,
            kind: Arc::from(MONEY),
        };
        if key.rests.is_outdated(&window, self.leased.id, None) {
            return Aftermath::KeysRemain;
        }
        // Attempts that were out together when the money ended are one event and not many.
        let is_news = key
            .rests
            .last(&window)
            .is_none_or(|(_, mark)| self.leased.id >= mark);
        if is_news {
            key.money_strikes = key.money_strikes.saturating_add(1);
        }
        let doublings = key.money_strikes.saturating_sub(1).min(16);
        let pause = (MONEY_MS << doublings).min(MONEY_MOST_MS);
        self.rest(key, &window, self.now.plus_ms(pause), RestReason::Money);
        Aftermath::KeyLost
    }

    fn condemned(&mut self, key: &mut KeyState) -> Aftermath {
        key.ramps.vacate(self.leased.id);
        if self.leased.id < key.clear_mark || key.quarantine.is_some() {
            return Aftermath::KeysRemain;
        }
        let reason = Quarantine::CredentialDead;
        key.quarantine = Some(reason);
        self.events.push(PoolEvent::KeyQuarantined {
            key: key.id,
            reason,
        });
        Aftermath::KeyLost
    }

    fn not_entitled(&mut self, key: &mut KeyState) -> Aftermath {
        key.ramps.vacate(self.leased.id);
        if self.leased.id < key.clear_mark {
            return Aftermath::KeysRemain;
        }
        key.refused_models.note(&self.leased.model, self.now);
        Aftermath::KeyLost
    }

    fn rest(
        &mut self,
        key: &mut KeyState,
        window: &WindowId,
        until: Timestamp,
        reason: RestReason,
    ) {
        let rest = Rest {
            until,
            since: self.now,
            reason,
        };
        let mut forgotten = Vec::new();
        let change = key.rests.set(window, rest, self.mark, &mut forgotten);
        if change != Change::Nothing {
            key.ramps.restart(&window.scope, self.mark);
        }
        let forgotten = forgotten.into_iter();
        self.events
            .extend(forgotten.map(|window| PoolEvent::RestForgotten {
                key: key.id,
                window,
            }));
        let onset = match change {
            Change::Began => Onset::Began,
            Change::Extended => Onset::Extended,
            Change::Nothing => return,
        };
        let rest = key.rests.last(window).map_or(rest, |(rest, _)| rest);
        self.events.push(PoolEvent::KeyLimited {
            key: key.id,
            window: window.clone(),
            rest,
            onset,
        });
    }

    fn tell_healed(&mut self, key: KeyId, windows: Vec<WindowId>) {
        let healed = windows
            .into_iter()
            .map(|window| PoolEvent::KeyHealed { key, window });
        self.events.extend(healed);
    }

    /// A number below or at `span` that differs between keys and leases, so that keys do not return together.
    fn spread(&self, span: u64) -> u64 {
        let seed = self
            .leased
            .key
            .as_bytes()
            .iter()
            .fold(self.leased.id.0, |sum, byte| {
                (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
        (seed >> 16) % (span + 1)
    }
}
