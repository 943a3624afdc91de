//! What the pool decided and has to tell: leases for waiters, refusals, and events for the record.

use super::answer::WindowId;
use super::ask::{Impossible, Leased};
use super::queue::Ticket;
use super::rest::Rest;
use crate::ids::KeyId;
use crate::provider_key::Quarantine;

/// Something that happened to a key or to the pool; recorded and persisted by `app`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolEvent {
    /// A window of a key rests, from now on or longer than before.
    KeyLimited {
        /// The key.
        key: KeyId,
        /// The window that was rejected.
        window: WindowId,
        /// Until when, since when and why.
        rest: Rest,
        /// Whether it rested before.
        onset: Onset,
    },
    /// A window's rest ended before its time, by the provider's word or an operator's.
    KeyHealed {
        /// The key.
        key: KeyId,
        /// The window.
        window: WindowId,
    },
    /// A window's rest is not remembered any more: it is over, or there are too many.
    RestForgotten {
        /// The key.
        key: KeyId,
        /// The window.
        window: WindowId,
    },
    /// A key was set aside until a person acts.
    KeyQuarantined {
        /// The key.
        key: KeyId,
        /// Why.
        reason: Quarantine,
    },
    /// Every key in reach rests and somebody waits; once until [`PoolEvent::PoolResumed`].
    PoolWaiting,
    /// Those who waited were served.
    PoolResumed,
    /// Somebody left without a key; once until a key serves again.
    PoolExhausted,
}

/// Whether a limit is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onset {
    /// The window did not rest before.
    Began,
    /// It rests longer than it was known to.
    Extended,
}

/// A lease for one who waited.
#[derive(Debug)]
pub struct Grant {
    /// Who waited.
    pub ticket: Ticket,
    /// The lease.
    pub leased: Leased,
}

/// A no for one who waited: nothing is left to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Who waited.
    pub ticket: Ticket,
    /// Why.
    pub why: Impossible,
}

/// Everything that has to be delivered once the pool's lock is released.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Leases for waiters. Each holds a slot: deliver or release it.
    pub grants: Vec<Grant>,
    /// Refusals for waiters.
    pub refusals: Vec<Refusal>,
    /// Events in the order in which they happened.
    pub events: Vec<PoolEvent>,
}

impl Outbox {
    /// Whether nothing has to be delivered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty() && self.refusals.is_empty() && self.events.is_empty()
    }
}
