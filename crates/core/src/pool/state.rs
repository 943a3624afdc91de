//! One pool's moving state: its keys, the queue before them, and what has to be told.
//!
//! Every call that may free a key serves the queue before it returns; whoever comes new is therefore never
//! served before a waiter whom the same key would have done for.

use super::affinity::Affinity;
use super::answer::{WindowId, WindowScope};
use super::ask::{Acquired, Ask, LeaseId, Leased};
use super::event::{Grant, Outbox, PoolEvent, Refusal};
use super::key::KeyState;
use super::queue::{FairQueue, Leave, Place, Ticket};
use super::rest::Rest;
use super::select::{Verdict, select};
use crate::ids::{AgentId, KeyId};
use crate::provider_key::{KeySwitch, ProviderKey, Quarantine};
use crate::time::Timestamp;
use std::collections::HashMap;

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

/// See the module.
#[derive(Debug)]
pub struct PoolState {
    keys: Vec<KeyState>,
    positions: HashMap<KeyId, usize>,
    affinity: Affinity,
    queue: FairQueue,
    outbox: Outbox,
    next_lease: u64,
    episode: Episode,
    exhaustion: Exhaustion,
}

/// Whether the record knows that requests wait for a rest to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Episode {
    Flowing,
    Waiting,
}

/// Whether the record knows that a request left without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exhaustion {
    Untold,
    Told,
}

impl Default for PoolState {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            positions: HashMap::new(),
            affinity: Affinity::default(),
            queue: FairQueue::default(),
            outbox: Outbox::default(),
            next_lease: 1,
            episode: Episode::Flowing,
            exhaustion: Exhaustion::Untold,
        }
    }
}

impl PoolState {
    /// A pool without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    // Configuration.

    /// Adds a key or takes over a change of its settings; what it was learned to bear stays.
    pub fn put_key(&mut self, config: KeyConfig, now: Timestamp) {
        let crowd = self.queue.len();
        let index = self.positions.get(&config.id).copied();
        let index = index.unwrap_or_else(|| {
            self.keys.push(KeyState::new(config.id));
            self.positions.insert(config.id, self.keys.len() - 1);
            self.keys.len() - 1
        });
        if let Some(key) = self.keys.get_mut(index) {
            let was_open = key.last_lease > LeaseId(0) && key.is_open(now);
            key.priority = config.priority;
            key.switch = config.switch;
            // A quarantine that the pool found itself may not be stored yet; only clearing ends one.
            key.quarantine = config.quarantine.or(key.quarantine);
            if crowd > 0 && !was_open {
                key.ramps.restart(&WindowScope::Key);
            }
        }
        self.refuse_hopeless(now);
        self.dispatch(now);
    }

    /// Takes a key out. Leases on it go on; what they learn is nobody's any more.
    pub fn remove_key(&mut self, id: KeyId, now: Timestamp) {
        let Some(index) = self.positions.remove(&id) else {
            return;
        };
        self.keys.swap_remove(index);
        if let Some(moved) = self.keys.get(index) {
            self.positions.insert(moved.id, index);
        }
        self.refuse_hopeless(now);
        self.dispatch(now);
    }

    /// Takes over a rest that was known before a restart; one that is over by `now` is forgotten.
    pub fn restore_rest(&mut self, id: KeyId, window: &WindowId, rest: Rest, now: Timestamp) {
        let mark = self.next_lease();
        let Some(key) = self.key_mut(id) else {
            return;
        };
        let mut forgotten = Vec::new();
        if rest.until <= now {
            forgotten.push(window.clone());
        } else {
            key.rests.set(window, rest, mark, &mut forgotten);
            key.ramps.restart(&window.scope);
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
                key.ramps.restart(&WindowScope::Key);
            }
            let events = healed
                .into_iter()
                .map(|window| PoolEvent::KeyHealed { key: id, window });
            self.outbox.events.extend(events);
        }
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

    // Leasing.

    /// A key for `ask` at once, or what stands in the way.
    pub fn acquire(&mut self, ask: &Ask, now: Timestamp) -> Acquired {
        self.dispatch(now);
        let affine = self.affinity.key(ask.agent, ask.conversation, now);
        match select(&self.keys, ask, affine, now) {
            Verdict::Use(index) => match self.begin(index, ask, now) {
                Some(leased) => {
                    self.tell_flowing();
                    Acquired::Granted(leased)
                }
                None => Acquired::Wait { earliest: now },
            },
            Verdict::Wait(earliest) => Acquired::Wait { earliest },
            Verdict::Impossible(why) => Acquired::Impossible(why),
        }
    }

    /// Stands `ask` in the queue; the lease comes through the outbox.
    ///
    /// Call it when [`PoolState::acquire`] said to wait, under the same lock.
    pub fn enqueue(&mut self, ask: Ask, place: Place, now: Timestamp) -> Ticket {
        let affine = None;
        let all_rest =
            matches!(select(&self.keys, &ask, affine, now), Verdict::Wait(at) if at > now);
        if all_rest && self.episode == Episode::Flowing {
            self.episode = Episode::Waiting;
            self.outbox.events.push(PoolEvent::PoolWaiting);
        }
        let ticket = self.queue.enqueue(ask, place, now);
        self.dispatch(now);
        ticket
    }

    /// Takes a waiter out who does not wait any longer.
    pub fn leave(&mut self, ticket: Ticket, leave: Leave, now: Timestamp) {
        self.queue.leave(ticket, leave, now);
    }

    /// Gives up the kept place of a request that was served without waiting.
    pub fn forget_place(&mut self, agent: AgentId, place: Place) {
        self.queue.forget_place(agent, place);
    }

    /// Notes that a request left without a key, for the record.
    pub fn note_exhausted(&mut self) {
        if self.exhaustion == Exhaustion::Untold {
            self.exhaustion = Exhaustion::Told;
            self.outbox.events.push(PoolEvent::PoolExhausted);
        }
    }

    /// Ends a lease and gives its slot back.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a lease ends here, so nobody may keep it"
    )]
    pub fn release(&mut self, leased: Leased, now: Timestamp) {
        if let Some(index) = self.position(&leased)
            && let Some(key) = self.keys.get_mut(index)
        {
            key.end(leased.id);
        }
        self.dispatch(now);
    }

    /// Serves the queue with whatever is ready.
    pub fn dispatch(&mut self, now: Timestamp) {
        if self.queue.len() == 0 || !self.keys.iter().any(|key| key.is_open(now)) {
            return;
        }
        self.queue.expire(now);
        let mut queue = std::mem::take(&mut self.queue);
        let mut hopeless: Vec<Ask> = Vec::new();
        let mut served = 0usize;
        queue.serve_in_turn(|ask, ticket| {
            if hopeless.iter().any(|other| is_alike(other, ask)) {
                return false;
            }
            let affine = self.affinity.key(ask.agent, ask.conversation, now);
            let leased = match select(&self.keys, ask, affine, now) {
                Verdict::Use(index) => self.begin(index, ask, now),
                Verdict::Wait(_) | Verdict::Impossible(_) => None,
            };
            let Some(leased) = leased else {
                hopeless.push(ask.clone());
                return false;
            };
            self.outbox.grants.push(Grant { ticket, leased });
            served += 1;
            true
        });
        self.queue = queue;
        if served > 0 {
            self.tell_flowing();
        }
    }

    /// How many requests wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// The earliest moment at which some key may serve `ask`; `None` when none ever will as things stand.
    #[must_use]
    pub fn earliest(&self, ask: &Ask, now: Timestamp) -> Option<Timestamp> {
        match select(&self.keys, ask, None, now) {
            Verdict::Use(_) => Some(now),
            Verdict::Wait(earliest) => Some(earliest),
            Verdict::Impossible(_) => None,
        }
    }

    /// When [`PoolState::dispatch`] has to be called because time alone may let a waiter be served.
    #[must_use]
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        if self.queue.len() == 0 {
            return None;
        }
        self.keys.iter().filter_map(|k| k.next_change(now)).min()
    }

    /// Takes what has to be delivered, in the order in which it was decided.
    #[must_use]
    pub fn take_outbox(&mut self) -> Outbox {
        std::mem::take(&mut self.outbox)
    }

    // What the other files of this folder see.

    pub(super) fn keys(&self) -> &[KeyState] {
        &self.keys
    }

    pub(super) fn queue(&self) -> &FairQueue {
        &self.queue
    }

    pub(super) fn keys_and_outbox(&mut self) -> (&mut [KeyState], &mut Outbox) {
        (&mut self.keys, &mut self.outbox)
    }

    /// The lease that will begin next: whatever is learned now is known to it and its successors only.
    pub(super) const fn next_lease(&self) -> LeaseId {
        LeaseId(self.next_lease)
    }

    /// Where the key of a lease stands now; `None` once it was removed.
    pub(super) fn position(&self, leased: &Leased) -> Option<usize> {
        let hinted = self
            .keys
            .get(leased.slot)
            .is_some_and(|k| k.id == leased.key);
        if hinted {
            return Some(leased.slot);
        }
        self.positions.get(&leased.key).copied()
    }

    /// Refuses waiters for whom no key is left that could ever do.
    pub(super) fn refuse_hopeless(&mut self, now: Timestamp) {
        if self.queue.len() == 0 {
            return;
        }
        let keys = &self.keys;
        let refused = self.queue.refuse(|ask| match select(keys, ask, None, now) {
            Verdict::Impossible(why) => Some(why),
            Verdict::Use(_) | Verdict::Wait(_) => None,
        });
        let refusals = refused
            .into_iter()
            .map(|(ticket, why)| Refusal { ticket, why });
        self.outbox.refusals.extend(refusals);
    }

    fn key_mut(&mut self, id: KeyId) -> Option<&mut KeyState> {
        let index = self.positions.get(&id).copied()?;
        self.keys.get_mut(index)
    }

    fn begin(&mut self, index: usize, ask: &Ask, now: Timestamp) -> Option<Leased> {
        let key = self.keys.get_mut(index)?;
        let id = LeaseId(self.next_lease);
        self.next_lease += 1;
        let probe = key.begin(id, &ask.family, now);
        self.affinity
            .remember(ask.agent, ask.conversation, key.id, now);
        Some(Leased {
            id,
            key: key.id,
            slot: index,
            family: ask.family.clone(),
            model: ask.model.clone(),
            began_at: now,
            probe,
        })
    }

    /// A key serves: exhaustion is over, and so is waiting once nobody waits.
    fn tell_flowing(&mut self) {
        self.exhaustion = Exhaustion::Untold;
        if self.episode == Episode::Waiting && self.queue.len() == 0 {
            self.episode = Episode::Flowing;
            self.outbox.events.push(PoolEvent::PoolResumed);
        }
    }
}

/// Whether two asks are served by the same keys, so that what failed for one fails for the other.
fn is_alike(one: &Ask, other: &Ask) -> bool {
    one.family == other.family
        && one.model == other.model
        && one.bound == other.bound
        && one.excluded == other.excluded
}
