//! One pool at work: its state behind a lock that is never held across an await, and its keys beside it.
//!
//! What the state decides leaves the lock as mail: leases and refusals for waiters are delivered outside of it,
//! while events are recorded inside, so that the record has them in the order in which they happened.

use super::journal::Journal;
use super::lease::Lease;
use super::record::Recorder;
use super::refusal::Refused;
use super::roster::{KeyRecord, Roster};
use super::vault::PoolVault;
use super::waiting::{Delivery, Waiting};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use portunus_core::ids::{AgentId, KeyId, PoolId, RequestId};
use portunus_core::name::Label;
use portunus_core::pool::{
    Acquired, Ask, Class, Impossible, Leased, Leave, Observation, PassedOver, Place, PoolState,
    PoolStatus, Ticket, WindowReading,
};
use portunus_core::provider_key::{Pool, Quarantine};
use portunus_core::time::{Clock, Timestamp};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{Notify, oneshot};

/// See the module.
pub struct PoolHandle {
    id: PoolId,
    pub(super) settings: ArcSwap<Pool>,
    pub(super) roster: ArcSwap<Roster>,
    vault: PoolVault,
    moving: Mutex<Moving>,
    clock: Arc<dyn Clock>,
    pub(super) recorder: Recorder,
    /// Rung when the timekeeper has to look again.
    pub(super) bell: Arc<Notify>,
    pub(super) falls_back: AtomicBool,
}

/// What the lock guards.
#[derive(Default)]
struct Moving {
    state: PoolState,
    waiters: HashMap<Ticket, oneshot::Sender<Delivery>>,
}

/// What leaves the lock.
#[derive(Default)]
struct Mail {
    grants: Vec<(Option<oneshot::Sender<Delivery>>, Leased)>,
    refusals: Vec<(oneshot::Sender<Delivery>, Impossible)>,
}

/// An attempt whose failure its client never saw.
#[derive(Clone, Copy, Debug)]
pub struct Replaced<'a> {
    /// The key that it was made with.
    pub key: KeyId,
    /// What it came to.
    pub class: &'a Class,
    /// The name of the agent that asked.
    pub agent: &'a str,
    /// Its request.
    pub request: RequestId,
}

/// The answer to a request that does not want to wait.
#[derive(Debug)]
pub enum Attempted {
    /// A lease at once.
    Granted(Lease),
    /// Keys in reach rest or are being tried; the earliest moment at which one may serve.
    Wait {
        /// The present when it may be any moment.
        earliest: Timestamp,
    },
    /// Nothing to wait for.
    Impossible(Impossible),
}

/// The answer to a request that waits if it must.
pub(super) enum Stood {
    Granted(Lease),
    Refused(Refused),
    Waiting(Waiting),
}

impl PoolHandle {
    pub(super) fn new(
        pool: Pool,
        vault: PoolVault,
        clock: Arc<dyn Clock>,
        recorder: Recorder,
    ) -> Self {
        Self {
            id: pool.id,
            settings: ArcSwap::from_pointee(pool),
            roster: ArcSwap::default(),
            vault,
            moving: Mutex::default(),
            clock,
            recorder,
            bell: Arc::default(),
            falls_back: AtomicBool::new(false),
        }
    }

    /// The pool's id.
    #[must_use]
    pub const fn id(&self) -> PoolId {
        self.id
    }

    /// The pool as configured: base URL, longest wait, fallback.
    #[must_use]
    pub fn settings(&self) -> Arc<Pool> {
        self.settings.load_full()
    }

    /// Seals and opens secrets of this pool.
    #[must_use]
    pub const fn vault(&self) -> &PoolVault {
        &self.vault
    }

    /// A configured key, if it belongs to this pool.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<Arc<KeyRecord>> {
        self.roster.load().get(&id).cloned()
    }

    /// What each of its keys is called.
    #[must_use]
    pub fn labels(&self) -> Vec<(KeyId, Label)> {
        let roster = self.roster.load();
        let labels = roster
            .iter()
            .map(|(id, record)| (*id, record.key.label.clone()));
        labels.collect()
    }

    /// The keys whose requests go to one of these base URLs.
    #[must_use]
    pub fn keys_at(&self, base_urls: &[String]) -> Vec<KeyId> {
        let roster = self.roster.load();
        let there = roster
            .values()
            .filter(|record| base_urls.iter().any(|one| **one == *record.base_url));
        there.map(|record| record.key.id).collect()
    }

    /// How the pool stands now.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let now = self.clock.now();
        self.moving.lock().state.status(now)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    // Leasing.

    /// A lease at once, or what stands in the way. It does not queue, and gives up the agent's kept places when granted.
    pub fn try_lease(self: &Arc<Self>, ask: &Ask) -> Attempted {
        loop {
            match self.with_state(|state, now| {
                let acquired = state.acquire(ask, now);
                if matches!(acquired, Acquired::Granted(_)) {
                    state.forget_places(ask.agent);
                }
                acquired
            }) {
                // A key that does not open is set aside by that, so the next round chooses another.
                Acquired::Granted(leased) => {
                    if let Some(lease) = self.open(leased) {
                        self.recovered();
                        return Attempted::Granted(lease);
                    }
                }
                Acquired::Wait { earliest } => return Attempted::Wait { earliest },
                Acquired::Impossible(why) => return Attempted::Impossible(why),
            }
        }
    }

    /// A lease, waiting for it in the fair queue until `deadline` if need be.
    ///
    /// `place` tells two requests of one agent apart; with [`Leave::KeepPlace`] the same request finds its place
    /// again. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// [`Refused`], at once when there is nothing to wait for.
    pub async fn lease(
        self: &Arc<Self>,
        ask: &Ask,
        place: Place,
        deadline: Timestamp,
        on_leave: Leave,
    ) -> Result<Lease, Refused> {
        loop {
            match self.stand(ask, place, deadline, on_leave) {
                Stood::Granted(lease) => return Ok(lease),
                Stood::Refused(refused) => return Err(refused),
                Stood::Waiting(waiting) => match waiting.outcome(ask, deadline).await {
                    Some(outcome) => return outcome,
                    None => continue,
                },
            }
        }
    }

    /// A lease at once or a place in the queue, decided under one lock.
    pub(super) fn stand(
        self: &Arc<Self>,
        ask: &Ask,
        place: Place,
        deadline: Timestamp,
        on_leave: Leave,
    ) -> Stood {
        let now = self.clock.now();
        loop {
            let (sender, receiver) = oneshot::channel();
            let stood = self.with_moving(|moving, _| {
                let earliest = match moving.state.acquire(ask, now) {
                    Acquired::Granted(leased) => {
                        moving.state.forget_place(ask.agent, place);
                        return Ok(leased);
                    }
                    Acquired::Impossible(why) => {
                        if matches!(why, Impossible::AllQuarantined | Impossible::OutOfMoney) {
                            moving.state.note_exhausted();
                        }
                        return Err(Err(why.into()));
                    }
                    Acquired::Wait { earliest } => earliest,
                };
                if deadline <= now {
                    moving.state.note_exhausted();
                    return Err(Err(Refused::Exhausted {
                        earliest: Some(earliest),
                    }));
                }
                let ticket = moving.state.enqueue(ask.clone(), place, now);
                moving.waiters.insert(ticket, sender);
                Err(Ok(ticket))
            });
            match stood {
                Ok(leased) => {
                    if let Some(lease) = self.open(leased) {
                        self.recovered();
                        return Stood::Granted(lease);
                    }
                }
                Err(Err(refused)) => return Stood::Refused(refused),
                Err(Ok(ticket)) => {
                    self.bell.notify_one();
                    let waiting = Waiting::new(Arc::clone(self), ticket, receiver, on_leave);
                    return Stood::Waiting(waiting);
                }
            }
        }
    }

    /// Takes a waiter out of the queue.
    pub(super) fn leave(self: &Arc<Self>, ticket: Ticket, on_leave: Leave) {
        self.with_moving(|moving, now| {
            moving.state.leave(ticket, on_leave, now);
            moving.waiters.remove(&ticket);
        });
    }

    /// Gives up the kept place of a request that was served elsewhere.
    pub(super) fn forget_place(self: &Arc<Self>, agent: AgentId, place: Place) {
        self.with_state(|state, _| state.forget_place(agent, place));
    }

    /// Gives up all kept places of an agent that will not repeat its requests.
    pub(crate) fn forget_places(self: &Arc<Self>, agent: AgentId) {
        self.with_state(|state, _| state.forget_places(agent));
    }

    /// Notes that a request went without a key; says when one may serve it at the earliest.
    pub(super) fn exhausted(self: &Arc<Self>, ask: &Ask) -> Option<Timestamp> {
        self.with_state(|state, now| {
            state.note_exhausted();
            state.earliest(ask, now)
        })
    }

    /// The earliest moment at which a key may serve `ask`; `None` when none ever will as things stand.
    #[must_use]
    pub fn earliest(&self, ask: &Ask) -> Option<Timestamp> {
        let now = self.clock.now();
        self.moving.lock().state.earliest(ask, now)
    }

    /// Why no key is free for `ask` now: the first of them.
    #[must_use]
    pub fn obstacles(&self, ask: &Ask) -> Vec<PassedOver> {
        let now = self.clock.now();
        self.moving.lock().state.obstacles(ask, now)
    }

    /// Records that an attempt gave way to another one.
    pub fn attempt_replaced(&self, replaced: &Replaced<'_>) {
        self.journal(self.clock.now(), |journal| journal.tell_replaced(replaced));
    }

    pub(super) fn charge(self: &Arc<Self>, leased: &Leased, observation: &Observation) {
        self.with_state(|state, now| state.charge(leased, observation, now));
    }

    pub(super) fn charge_windows(self: &Arc<Self>, leased: &Leased, readings: &[WindowReading]) {
        self.with_state(|state, now| state.charge_windows(leased, readings, now));
    }

    pub(super) fn release(self: &Arc<Self>, leased: Leased) {
        self.with_state(|state, now| state.release(leased, now));
    }

    /// Serves the queue; says how long the timekeeper may sleep, `None` when nobody waits.
    pub(super) fn tick(self: &Arc<Self>) -> Option<u64> {
        self.with_state(|state, now| {
            state.dispatch(now);
            let waits = state.waiting() > 0;
            let wake = state.next_wake(now).map(|at| now.ms_until(at));
            waits.then(|| wake.unwrap_or(u64::MAX))
        })
    }

    // Inside.

    pub(super) fn with_state<R>(
        self: &Arc<Self>,
        act: impl FnOnce(&mut PoolState, Timestamp) -> R,
    ) -> R {
        self.with_moving(|moving, now| act(&mut moving.state, now))
    }

    fn with_moving<R>(self: &Arc<Self>, act: impl FnOnce(&mut Moving, Timestamp) -> R) -> R {
        let now = self.clock.now();
        let (result, mail) = {
            let mut moving = self.moving.lock();
            let result = act(&mut moving, now);
            (result, self.collect(&mut moving, now))
        };
        if let Some(mail) = mail {
            self.deliver(mail);
        }
        result
    }

    /// Takes the state's outbox while the lock is held; `None` when there is nothing to deliver.
    fn collect(&self, moving: &mut Moving, now: Timestamp) -> Option<Mail> {
        let outbox = moving.state.take_outbox();
        if outbox.is_empty() {
            return None;
        }
        if !outbox.events.is_empty() {
            self.journal(now, |journal| {
                for event in outbox.events {
                    journal.tell(event);
                }
            });
            self.bell.notify_one();
        }
        let waiters = &mut moving.waiters;
        let grants = outbox.grants.into_iter();
        let refusals = outbox.refusals.into_iter();
        Some(Mail {
            grants: grants
                .map(|grant| (waiters.remove(&grant.ticket), grant.leased))
                .collect(),
            refusals: refusals
                .filter_map(|refusal| Some((waiters.remove(&refusal.ticket)?, refusal.why)))
                .collect(),
        })
    }

    fn deliver(self: &Arc<Self>, mail: Mail) {
        for (waiter, why) in mail.refusals {
            // Whoever stopped waiting meanwhile needs no refusal.
            let _ = waiter.send(Delivery::Refused(why));
        }
        for (waiter, leased) in mail.grants {
            match (waiter, self.open(leased)) {
                // A lease for one who stopped waiting comes back and ends by being dropped.
                (Some(waiter), Some(lease)) => {
                    self.recovered();
                    let _ = waiter.send(Delivery::Granted(Box::new(lease)));
                }
                (Some(waiter), None) => {
                    let _ = waiter.send(Delivery::StandAgain);
                }
                (None, lease) => drop(lease),
            }
        }
    }

    /// Opens the secret for a lease; a key that does not open is set aside.
    fn open(self: &Arc<Self>, leased: Leased) -> Option<Lease> {
        let record = self.key(leased.key());
        let opened = record.and_then(|record| Some((record.reveal()?, record)));
        if let Some((secret, record)) = opened {
            return Some(Lease::new(Arc::clone(self), leased, record, secret));
        }
        self.with_state(|state, now| {
            state.quarantine_key(leased.key(), Quarantine::OriginChanged, now);
            state.release(leased, now);
        });
        None
    }

    pub(super) fn journal(&self, now: Timestamp, tell: impl FnOnce(&Journal<'_>)) {
        tell(&Journal {
            pool: &self.settings.load(),
            roster: &self.roster.load(),
            recorder: &self.recorder,
            now,
        });
    }
}

impl Drop for PoolHandle {
    fn drop(&mut self) {
        // The timekeeper may sleep on the bell alone; rung, it finds the pool gone and ends.
        self.bell.notify_one();
    }
}

impl fmt::Debug for PoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolHandle({})", self.id)
    }
}
