//! What a request asks of the pool, and what it is given: a lease, a wait, or an honest no.

use super::answer::Family;
use super::choice::Choice;
use crate::ids::{AgentId, KeyId};
use crate::time::Timestamp;
use std::sync::Arc;

/// What one request needs of a key.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Whose request it is: the queue is fair between agents.
    pub agent: AgentId,
    /// The model as the client wrote it.
    pub model: Arc<str>,
    /// The family whose upstream quotas bind it.
    pub family: Family,
    /// A hash of the conversation, when the request names one: it stays on its key for the prompt cache.
    pub conversation: Option<u64>,
    /// Keys that cannot serve this request whenever they are asked: they refused it for what it is.
    ///
    /// A key that was limited or quarantined does not belong here: its rest keeps it away exactly as long as
    /// needed, and the request may well be served by it later.
    pub excluded: Vec<KeyId>,
    /// Keys that it had better not go to this time: they failed it, or others a moment ago.
    pub avoided: Vec<KeyId>,
    /// The one key that can serve it (stored responses, encrypted reasoning); no other will do.
    pub bound: Option<KeyId>,
}

/// The number of a lease: leases of one pool are numbered in the order in which they began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub(super) u64);

impl LeaseId {
    /// The bare number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// The use of one key for one attempt. It has to be given back with [`super::PoolState::release`].
#[derive(Debug)]
#[must_use = "a lease that is not given back holds its slot forever"]
pub struct Leased {
    pub(super) id: LeaseId,
    pub(super) key: KeyId,
    /// Where the key stood in the pool when the lease began: a hint, checked against `key`.
    pub(super) slot: usize,
    pub(super) family: Family,
    pub(super) model: Arc<str>,
    pub(super) began_at: Timestamp,
    pub(super) probe: bool,
    pub(super) choice: Choice,
}

impl Leased {
    /// Its number.
    #[must_use]
    pub const fn id(&self) -> LeaseId {
        self.id
    }

    /// The key that it uses and that everything it learns is charged to.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// When it began.
    #[must_use]
    pub const fn began_at(&self) -> Timestamp {
        self.began_at
    }

    /// Whether it is the one request that tries a key after its rest.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.probe
    }

    /// Why it was this key, and why none of the others; an empty choice is left behind.
    #[must_use]
    pub const fn take_choice(&mut self) -> Choice {
        self.choice.take()
    }
}

/// Why no key of the pool will ever serve the request as things stand; waiting would not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Impossible {
    /// The pool has no key, or every key is switched off.
    #[error("the pool has no enabled key")]
    NoKeys,
    /// Every enabled key is in quarantine.
    #[error("every enabled key of the pool is in quarantine")]
    AllQuarantined,
    /// Every sound key's account has no money left; a person has to pay, and the keys are tried again by themselves.
    #[error("no provider account of the pool has money left")]
    OutOfMoney,
    /// Every sound key has refused this model or this request.
    #[error("no key of the pool is entitled to this model or request")]
    NotEntitled,
    /// The one key that could serve the request is gone, switched off or in quarantine.
    #[error("the key that this request is bound to is gone")]
    BoundKeyGone,
}

/// The pool's answer to an [`Ask`].
#[derive(Debug)]
pub enum Acquired {
    /// A key, at once.
    Granted(Leased),
    /// Keys in reach rest or are busy being tried.
    Wait {
        /// The earliest moment at which one of them may serve; the present when that may be any moment.
        earliest: Timestamp,
    },
    /// Nothing to wait for.
    Impossible(Impossible),
}
