//! Messages: boards, what is written to them and to agents, and inboxes.
//!
//! Whoever writes waits for the database and for nobody else. [`events`] tells who listens, in this process, what was
//! written and what became of it; [`inbox`] waits on that, and so may anything that pushes.

pub mod acknowledge;
pub mod append;
pub mod boards;
pub mod events;
pub mod inbox;
mod keeper;
mod looks;
pub mod read;
mod together;

pub use acknowledge::acknowledge;
pub use append::append;
pub use events::{MessageEvent, Moved};
pub use portunus_store::{AckEffect, Appended};

use events::Bells;
use looks::Look;
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::message::terms;
use portunus_store::{AckOutcome, AckWish, Inbox};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use together::Together;
use tokio::sync::broadcast;

/// Events that a listener may be behind before it misses some.
const BACKLOG: usize = 4_096;

/// What a node knows of messages besides the store: who listens.
#[derive(Debug)]
pub struct Messages {
    events: broadcast::Sender<MessageEvent>,
    bells: Arc<Bells>,
    looks: Together<Look, Inbox>,
    acknowledgements: Together<AckWish, AckOutcome>,
    keep_ms: AtomicU64,
    inbox_length: AtomicU64,
    outbox_bytes: AtomicU64,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            events: broadcast::Sender::new(BACKLOG),
            bells: Arc::default(),
            looks: Together::default(),
            acknowledgements: Together::default(),
            keep_ms: AtomicU64::new(terms::RETENTION_MS),
            inbox_length: AtomicU64::new(terms::INBOX_LENGTH),
            outbox_bytes: AtomicU64::new(terms::MIB_PER_SENDER << 20),
        }
    }
}

impl Messages {
    /// Everything that is written and that moves from now on, on this node. A listener that falls too far behind is told
    /// how many events it missed, and reads the store instead.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<MessageEvent> {
        self.events.subscribe()
    }

    /// Changes how long messages are kept, from now on.
    pub fn keep_for(&self, millis: u64) {
        self.keep_ms.store(millis, Ordering::Relaxed);
    }

    /// How long messages are kept, in milliseconds.
    #[must_use]
    pub fn kept_for(&self) -> u64 {
        self.keep_ms.load(Ordering::Relaxed)
    }

    /// Changes how many messages that can still be taken or acknowledged an inbox may hold, from now on. What it holds
    /// already stays.
    pub fn bound_inboxes(&self, length: u64) {
        self.inbox_length.store(length, Ordering::Relaxed);
    }

    /// How many messages that can still be taken or acknowledged an inbox may hold.
    #[must_use]
    pub fn inbox_length(&self) -> u64 {
        self.inbox_length.load(Ordering::Relaxed)
    }

    /// Changes how many bytes the messages of one sender may take while they are kept, from now on. What is there stays.
    pub fn bound_outboxes(&self, bytes: u64) {
        self.outbox_bytes.store(bytes, Ordering::Relaxed);
    }

    /// How many bytes the messages of one sender may take while they are kept.
    #[must_use]
    pub fn outbox_bytes(&self) -> u64 {
        self.outbox_bytes.load(Ordering::Relaxed)
    }

    /// How many readers wait for a message.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.bells.listeners()
    }

    /// Tells everybody who listens.
    pub(crate) fn tell(&self, event: MessageEvent) {
        if let MessageEvent::Appended(appended) = &event {
            self.bells.ring(appended);
        }
        // Nobody may be listening.
        let _ = self.events.send(event);
    }
}

/// Operators have no inbox: they read boards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("operators have no inbox")]
pub struct NoInbox;

/// Whose inbox a principal may look into: its own.
fn own_inbox(principal: Principal) -> Result<AgentId, NoInbox> {
    match principal {
        Principal::Agent(id) => Ok(id),
        Principal::Operator(_) => Err(NoInbox),
    }
}
