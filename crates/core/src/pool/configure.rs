//! What operators do to a pool: keys come, change and go, are cleared, and get new secrets.
//!
//! Each of these may be what somebody waits for, so each serves the queue before it returns.

use super::answer::{WindowId, WindowScope};
use super::ask::LeaseId;
use super::event::PoolEvent;
use super::key::KeyState;
use super::rest::Rest;
use super::state::PoolState;
use crate::ids::KeyId;
use crate::provider_key::{KeySwitch, ProviderKey, Quarantine};
use crate::time::Timestamp;

/// A rest that ended longer ago than this while the plane was down needs no probe, in milliseconds.
const UNTRIED_MS: u64 = 60 * 60_000;

/// What the pool needs to know of a configured key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyConfig {
    /// The key.
    pub id: KeyId,
    /// Lower is used first.
    pub priority: u32,
    /// Switched on or off.
    pub switch: KeySwitch,
    /// Why it is set aside.
    pub quarantine: Option<Quarantine>,
}

impl From<&ProviderKey> for KeyConfig {
    fn from(key: &ProviderKey) -> Self {
        Self {
            id: key.id,
            priority: key.priority,
            switch: key.switch,
            quarantine: key.quarantine,
        }
    }
}

impl PoolState {
    /// Adds a key or takes over a change of its settings; what it was learned to bear stays.
    pub fn put_key(&mut self, config: KeyConfig, now: Timestamp) {
        let crowd = self.queue.len();
        let mark = self.next_lease();
        let slot = self.ring.insert(config.id);
        if let Some(key) = self.ring.change(slot) {
            let was_open = key.last_lease > LeaseId(0) && key.is_open(now);
            key.priority = config.priority;
            key.switch = config.switch;
            // A quarantine that the pool found itself may not be stored yet; only clearing ends one.
            key.quarantine = config.quarantine.or(key.quarantine);
            if crowd > 0 && !was_open {
                key.ramps.restart(&WindowScope::Key, mark);
            }
        }
        self.stir();
        self.refuse_hopeless(now);
        self.dispatch(now);
    }

    /// Takes a key out. Leases on it go on; what they learn is nobody's any more.
    pub fn remove_key(&mut self, id: KeyId, now: Timestamp) {
        if self.ring.remove(id).is_none() {
            return;
        }
        self.refuse_hopeless(now);
        self.dispatch(now);
    }

    /// Takes over a rest that was known before a restart; one that is over by `now` is forgotten.
    ///
    /// One that ended while the plane was down is followed by a probe all the same: nobody has tried the key since.
    pub fn restore_rest(&mut self, id: KeyId, window: &WindowId, rest: Rest, now: Timestamp) {
        self.note_time(now);
        let mark = self.next_lease();
        let Some(key) = self.key_mut(id) else {
            return;
        };
        let rest = rest.on_a_clock_at(now);
        let mut forgotten = Vec::new();
        if rest.until > now {
            key.rests.set(window, rest, mark, &mut forgotten);
        } else {
            forgotten.push(window.clone());
        }
        if rest.until.plus_ms(UNTRIED_MS) > now {
            key.ramps.restart(&window.scope, mark);
        }
        let events = forgotten
            .into_iter()
            .map(|window| PoolEvent::RestForgotten { key: id, window });
        self.outbox.events.extend(events);
    }

    /// An operator's word that the key is well: rests, quarantine and remembered refusals end.
    ///
    /// Answers to leases that began before cannot condemn it again; their limits are believed all the same.
    pub fn clear_key(&mut self, id: KeyId, now: Timestamp) {
        let mark = self.next_lease();
        let crowd = self.queue.len();
        if let Some(key) = self.key_mut(id) {
            key.clear_mark = mark;
            key.quarantine = None;
            key.refused_models.clear();
            key.windows.clear();
            key.money_strikes = 0;
            key.passed_resets = 0;
            let healed = key.rests.clear(now);
            key.ramps.clear();
            if crowd > 0 {
                key.ramps.restart(&WindowScope::Key, mark);
            }
            let events = healed
                .into_iter()
                .map(|window| PoolEvent::KeyHealed { key: id, window });
            self.outbox.events.extend(events);
        }
        self.stir();
        self.dispatch(now);
    }

    /// The key has a new secret, perhaps of another account: nothing learned of the old one counts.
    pub fn renew_secret(&mut self, id: KeyId, now: Timestamp) {
        let mark = self.next_lease();
        if let Some(key) = self.key_mut(id) {
            key.secret_mark = mark;
        }
        self.clear_key(id, now);
    }

    /// Sets a key aside, for a reason that did not come from an answer.
    pub fn quarantine_key(&mut self, id: KeyId, reason: Quarantine, now: Timestamp) {
        let Some(key) = self.key_mut(id).filter(|key| key.quarantine.is_none()) else {
            return;
        };
        key.quarantine = Some(reason);
        self.outbox
            .events
            .push(PoolEvent::KeyQuarantined { key: id, reason });
        self.refuse_hopeless(now);
    }

    fn key_mut(&mut self, id: KeyId) -> Option<&mut KeyState> {
        let slot = self.ring.position(id)?;
        self.ring.change(slot)
    }
}
