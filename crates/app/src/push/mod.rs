//! Connections that stay open: agents hear of their messages and get their access tokens, operators hear how agents stand
//! and what they notify of, and whoever writes hears what becomes of it.
//!
//! Nobody who changes anything waits for a reader. [`registry`] knows who is connected and rings their bells, [`feed`] keeps
//! the last changes of all agents and boards, and each connection's own [`Subscription`] fetches what there is to tell when
//! its client has room for it. Frames and sockets are left to `http`, the rules of one connection to
//! [`portunus_core::push`].

mod changes;
mod feed;
mod fresh;
mod handed;
mod keeper;
mod news;
mod outbox;
mod post;
mod registry;
mod standing;
mod state;
mod subscription;
mod told;
mod wanted;

pub use registry::{Bounds, Full};
pub use standing::Fallen;
pub use subscription::{End, Subscription, Work, WrongPrincipal};
pub use told::{Account, AgentLine, Followed, Marked, Moved, Numbered, Told, Topic, Unread};
pub use wanted::{NotOpened, Tokens, Wanted, Window};

pub(crate) use keeper::tell_connections;

use crate::plane::Plane;
use feed::{Change, Feed};
use handed::Handed;
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, ConnectionId, OperatorId};
use portunus_core::push::Terms;
use portunus_core::scope::Scope;
use portunus_core::time::Tick;
use registry::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What holding a connection takes, besides the scopes of what it tells of.
pub const PUSH: Scope = Scope {
    resource: "self",
    verb: "push",
};

/// Messages that were pushed to one connection and may be unread, unless its client wants fewer.
pub const MOST_UNREAD: usize = 32;

/// When the database is asked again after it did not answer, in milliseconds.
const PAUSE_MS: u64 = 1_000;

/// Over how long those who are sent away by a restart are spread, in milliseconds.
pub const SPREAD_MS: u64 = 5_000;

/// What a node knows of its connections.
#[derive(Debug)]
pub struct Push {
    feed: Arc<Feed>,
    registry: Arc<Registry>,
    handed: Handed,
    terms: Terms,
    events: AtomicU64,
    cut_off: AtomicU64,
}

/// Connections at one moment, and events since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushCounts {
    /// Open connections.
    pub open: usize,
    /// Events that were sent.
    pub events: u64,
    /// Connections that were cut off, because their client neither read nor answered.
    pub cut_off: u64,
}

impl Plane {
    /// The present, on a clock that nobody sets.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.clock.tick()
    }

    /// Connections that stay open.
    #[must_use]
    pub const fn push(&self) -> &Arc<Push> {
        &self.push
    }
}

impl Push {
    /// Of a run that no other has the number of.
    pub(crate) fn new(run: [u8; 8]) -> Self {
        Self {
            feed: Arc::new(Feed::new(run)),
            registry: Arc::default(),
            handed: Handed::default(),
            terms: Terms::default(),
            events: AtomicU64::new(0),
            cut_off: AtomicU64::new(0),
        }
    }

    /// Changes how many connections there may be, from now on.
    pub fn bound(&self, bounds: Bounds) {
        self.registry.bound(bounds);
    }

    /// What holds for one connection.
    #[must_use]
    pub const fn terms(&self) -> Terms {
        self.terms
    }

    /// Connections now, and events since the start.
    #[must_use]
    pub fn counts(&self) -> PushCounts {
        PushCounts {
            open: self.registry.open(),
            events: self.events.load(Ordering::Relaxed),
            cut_off: self.cut_off.load(Ordering::Relaxed),
        }
    }

    /// Whether nothing is left of any connection.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.registry.is_empty()
    }

    /// A connection ended because its client neither read nor answered.
    pub fn note_cut_off(&self) {
        self.cut_off.fetch_add(1, Ordering::Relaxed);
    }

    /// Acknowledges events of a connection that `whose` has. `None` when there is no such one; an event that was not sent
    /// yet changes nothing. How many were sent.
    #[must_use]
    pub fn acknowledge(&self, whose: Principal, connection: ConnectionId, seq: u64) -> Option<u64> {
        self.registry.acknowledge(whose, connection, seq)
    }

    /// Agents stand otherwise, or are new.
    pub(crate) fn agents_changed(&self, agents: &[AgentId]) {
        self.feed.tell(agents.iter().copied().map(Change::Agent));
        for agent in agents {
            self.registry.ring_account(Principal::Agent(*agent));
        }
    }

    /// An operator holds something else: whoever may not hear what it hears any more is told at once.
    pub(crate) fn operator_changed(&self, operator: OperatorId) {
        self.registry.ring_account(Principal::Operator(operator));
    }

    /// An agent is gone.
    pub(crate) fn agent_gone(&self, agent: AgentId) {
        self.feed.tell([Change::AgentGone(agent)]);
    }
}
