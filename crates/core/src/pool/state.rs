//! One pool's moving state: its keys, the queue before them, and what has to be told.
//!
//! Here a key is leased, waited for and given back; what answers teach is in `charge`, what operators change in
//! `configure`.
//!
//! Every call that may free a key serves the queue before it returns; whoever comes new is therefore never
//! served before a waiter whom the same key would have done for.

use super::affinity::Affinity;
use super::ask::{Acquired, Ask, LeaseId, Leased};
use super::choice::{Choice, ChosenFor, PassedOver};
use super::event::{Grant, Outbox, PoolEvent, Refusal};
use super::queue::{FairQueue, Leave, Place, Ticket};
use super::ring::{KeyRing, NEVER};
use super::select::Verdict;
use crate::ids::AgentId;
use crate::time::Timestamp;

/// Readings of the clock by different threads may come in another order than they were taken, by this much at most,
/// in milliseconds. A clock that goes back further was set back.
const DISORDER_MS: u64 = 1_000;

/// The queue is walked this often at least while a key is open, in milliseconds.
const LONGEST_QUIET_MS: u64 = 1_000;

/// See the module.
#[derive(Debug)]
pub struct PoolState {
    pub(super) ring: KeyRing,
    affinity: Affinity,
    pub(super) queue: FairQueue,
    pub(super) outbox: Outbox,
    next_lease: u64,
    /// The latest moment that was passed in.
    latest: Timestamp,
    /// Until then nobody who waits can be served, unless something changes: the queue need not be walked.
    quiet_until: Timestamp,
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
            ring: KeyRing::default(),
            affinity: Affinity::default(),
            queue: FairQueue::default(),
            outbox: Outbox::default(),
            next_lease: 1,
            latest: Timestamp::EPOCH,
            quiet_until: Timestamp::EPOCH,
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

    // Leasing.

    /// A key for `ask` at once, or what stands in the way.
    pub fn acquire(&mut self, ask: &Ask, now: Timestamp) -> Acquired {
        let now = self.note_time(now);
        self.dispatch(now);
        if let Some(leased) = self.try_begin(ask, now) {
            self.tell_flowing();
            return Acquired::Granted(leased);
        }
        match self.ring.verdict(ask, now) {
            Verdict::Use(_) => Acquired::Wait { earliest: now },
            Verdict::Wait(earliest) => Acquired::Wait { earliest },
            Verdict::Impossible(why) => Acquired::Impossible(why),
        }
    }

    /// Stands `ask` in the queue; the lease comes through the outbox.
    ///
    /// Call it when [`PoolState::acquire`] said to wait, under the same lock.
    pub fn enqueue(&mut self, ask: Ask, place: Place, now: Timestamp) -> Ticket {
        let now = self.note_time(now);
        let verdict = self.ring.verdict(&ask, now);
        match verdict {
            Verdict::Use(_) => self.stir(),
            Verdict::Wait(_) | Verdict::Impossible(_) => {
                self.quiet_until = self.quiet_until.min(self.next_look(now));
            }
        }
        let all_rest = matches!(verdict, Verdict::Wait(at) if at > now);
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
        self.note_time(now);
        self.queue.leave(ticket, leave, now);
    }

    /// Gives up the kept place of a request that was served without waiting.
    pub fn forget_place(&mut self, agent: AgentId, place: Place) {
        self.queue.forget_place(agent, place);
    }

    /// Gives up all kept places of an agent that was served without waiting, where nobody knows which was the
    /// request's own.
    pub fn forget_places(&mut self, agent: AgentId) {
        self.queue.forget_places(agent);
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
            && let Some(key) = self.ring.change(index)
        {
            let opens = key.ramps.holds(leased.id) || key.is_tried_by(leased.id);
            key.end(leased.id);
            if opens {
                self.stir();
            }
        }
        self.dispatch(now);
    }

    /// Serves the queue with whatever is ready.
    pub fn dispatch(&mut self, now: Timestamp) {
        let now = self.note_time(now);
        if self.queue.len() == 0 || now < self.quiet_until {
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
            let Some(mut leased) = self.try_begin(ask, now) else {
                hopeless.push(ask.clone());
                return false;
            };
            if !leased.probe {
                leased.choice.chosen_for = ChosenFor::Queue;
            }
            self.outbox.grants.push(Grant { ticket, leased });
            served += 1;
            true
        });
        self.queue = queue;
        if served > 0 {
            self.tell_flowing();
        }
        self.quiet_until = self.next_look(now);
    }

    /// When the queue has to be walked again if nothing but time passes.
    fn next_look(&mut self, now: Timestamp) -> Timestamp {
        let longest = now.plus_ms(LONGEST_QUIET_MS);
        self.ring.next_change(now).min(longest)
    }

    /// Something may let a waiter be served: the next [`PoolState::dispatch`] walks the queue.
    pub(super) const fn stir(&mut self) {
        self.quiet_until = Timestamp::EPOCH;
    }

    /// How many requests wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// The earliest moment at which some key may serve `ask`; `None` when none ever will as things stand.
    #[must_use]
    pub fn earliest(&mut self, ask: &Ask, now: Timestamp) -> Option<Timestamp> {
        let now = self.note_time(now);
        match self.ring.verdict(ask, now) {
            Verdict::Use(_) => Some(now),
            Verdict::Wait(earliest) => Some(earliest),
            Verdict::Impossible(_) => None,
        }
    }

    /// Why no key is free for `ask` now: the first of them, up to [`super::NAMED`].
    #[must_use]
    pub fn obstacles(&mut self, ask: &Ask, now: Timestamp) -> Vec<PassedOver> {
        let now = self.note_time(now);
        self.ring.obstacles(ask, now)
    }

    /// When [`PoolState::dispatch`] has to be called because time alone may let a waiter be served.
    #[must_use]
    pub fn next_wake(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.queue.len() == 0 {
            return None;
        }
        let now = self.note_time(now);
        Some(self.ring.next_change(now)).filter(|at| *at < NEVER)
    }

    /// Takes what has to be delivered, in the order in which it was decided.
    #[must_use]
    pub fn take_outbox(&mut self) -> Outbox {
        std::mem::take(&mut self.outbox)
    }

    // What the other files of this folder see.

    /// The moment that counts as the present: readings of the clock that overtook each other do not turn time back.
    ///
    /// Notices a clock that was set back, so that nothing lasts longer for that.
    pub(super) fn note_time(&mut self, now: Timestamp) -> Timestamp {
        let back_ms = now.ms_until(self.latest);
        if back_ms > DISORDER_MS {
            self.ring.shift_back(back_ms, self.latest);
            self.queue.shift_back(back_ms);
            self.latest = now;
            self.stir();
        } else {
            self.latest = self.latest.max(now);
        }
        self.latest
    }

    /// The lease that will begin next: whatever is learned now is known to it and its successors only.
    pub(super) const fn next_lease(&self) -> LeaseId {
        LeaseId(self.next_lease)
    }

    /// Where the key of a lease stands now; `None` once it was removed.
    pub(super) fn position(&self, leased: &Leased) -> Option<usize> {
        let hinted = self.ring.get(leased.slot);
        if hinted.is_some_and(|key| key.id == leased.key) {
            return Some(leased.slot);
        }
        self.ring.position(leased.key)
    }

    /// Refuses waiters for whom no key is left that could ever do.
    pub(super) fn refuse_hopeless(&mut self, now: Timestamp) {
        if self.queue.len() == 0 {
            return;
        }
        let now = self.note_time(now);
        let ring = &mut self.ring;
        let refused = self.queue.refuse(|ask| match ring.verdict(ask, now) {
            Verdict::Impossible(why) => Some(why),
            Verdict::Use(_) | Verdict::Wait(_) => None,
        });
        let refusals = refused
            .into_iter()
            .map(|(ticket, why)| Refusal { ticket, why });
        self.outbox.refusals.extend(refusals);
    }

    /// Leases the first key that may serve `ask` now.
    fn try_begin(&mut self, ask: &Ask, now: Timestamp) -> Option<Leased> {
        let (slot, choice) = self.choose(ask, now)?;
        let key = self.ring.change(slot)?;
        let id = LeaseId(self.next_lease);
        self.next_lease += 1;
        let probe = key.begin(id, &ask.family, now);
        self.affinity
            .remember(ask.agent, ask.conversation, key.id, now);
        Some(Leased {
            id,
            key: key.id,
            slot,
            family: ask.family.clone(),
            model: ask.model.clone(),
            began_at: now,
            probe,
            choice: if probe {
                choice.because(ChosenFor::Probe)
            } else {
                choice
            },
        })
    }

    fn choose(&mut self, ask: &Ask, now: Timestamp) -> Option<(usize, Choice)> {
        if ask.bound.is_some() {
            return match self.ring.verdict(ask, now) {
                Verdict::Use(slot) => Some((slot, self.ring.choice_bound_to(slot))),
                Verdict::Wait(_) | Verdict::Impossible(_) => None,
            };
        }
        let affine = self.affinity.key(ask.agent, ask.conversation, now);
        let reach = self.ring.reach(ask, affine, now);
        let first = reach.first_that(|_| true)?;
        Some((first.0, reach.choice(first, ask, now)))
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
        && one.avoided == other.avoided
}
