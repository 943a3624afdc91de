//! Notifications: agents tell operators something, and each operator reads for itself.
//!
//! Whoever notifies waits for the database and for nobody else. [`Notifications::subscribe`] tells who listens, in this
//! process, what was sent and what was read; anything that pushes may join there.

mod keeper;
pub mod list;
pub mod mark;
mod message;
pub mod notify;
pub mod show;

pub use list::list;
pub use mark::{mark_all_read, mark_read};
pub use notify::notify;
pub use portunus_store::{AllRead, Noticed, NotificationFilter, NotificationOrder};
pub use show::show;

use crate::failure::Failure;
use crate::plane::Plane;
use crate::push::Unread;
use crate::webhook::Webhook;
use parking_lot::Mutex;
use portunus_core::admission::{Arrivals, Limited, Quota};
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, NotificationId, OperatorId};
use portunus_core::notification::{Notification, Priority, ReadState, terms};
use portunus_core::time::Tick;
use portunus_store::{Page, Reader};
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use tokio::sync::broadcast;

/// Events that a listener may be behind before it misses some.
const BACKLOG: usize = 1_024;
const DAY_MS: u64 = 86_400_000;

/// Something that happened to notifications, after the store has it.
#[derive(Clone, Debug)]
pub enum NotificationEvent {
    /// An agent notified.
    Sent(Arc<Notification>),
    /// An operator has read one.
    Read {
        /// Who.
        reader: OperatorId,
        /// Which.
        notification: NotificationId,
    },
    /// An operator has read everything up to a number.
    AllRead {
        /// Who.
        reader: OperatorId,
        /// The number.
        until: u64,
    },
}

/// How many notifications one agent may send, and how long all of them are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationTerms {
    /// Of one agent in an hour, in the long run.
    pub per_hour: NonZeroU32,
    /// Of one agent at once.
    pub burst: NonZeroU32,
    /// How many days they are kept.
    pub keep_days: u64,
    /// How many of them at most.
    pub keep_most: u64,
}

impl Default for NotificationTerms {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self {
            per_hour: number(terms::PER_HOUR),
            burst: number(terms::BURST),
            keep_days: terms::RETENTION_DAYS,
            keep_most: terms::MOST,
        }
    }
}

/// Where notifications are told besides.
#[derive(Debug)]
struct Sink {
    webhook: Webhook,
    least: Priority,
}

/// What a node knows of notifications besides the store: who listens, and how many each agent sent lately.
#[derive(Debug)]
pub struct Notifications {
    events: broadcast::Sender<NotificationEvent>,
    sent: Mutex<Arrivals>,
    terms: Mutex<NotificationTerms>,
    sink: OnceLock<Sink>,
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            events: broadcast::Sender::new(BACKLOG),
            sent: Mutex::default(),
            terms: Mutex::default(),
            sink: OnceLock::new(),
        }
    }
}

impl Notifications {
    /// Everything that is sent and read from now on, on this node. A listener that falls too far behind is told how many
    /// events it missed, and reads the store instead.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<NotificationEvent> {
        self.events.subscribe()
    }

    /// Changes the terms, from now on.
    pub fn set_terms(&self, terms: NotificationTerms) {
        *self.terms.lock() = terms;
    }

    /// The terms that are in force.
    #[must_use]
    pub fn terms(&self) -> NotificationTerms {
        *self.terms.lock()
    }

    /// Tells `webhook` of every notification of this priority or more from now on. Only the first call counts.
    pub fn told_to(&self, webhook: Webhook, least: Priority) {
        let _ = self.sink.set(Sink { webhook, least });
    }

    /// The webhook, if there is one.
    #[must_use]
    pub fn webhook(&self) -> Option<&Webhook> {
        self.sink.get().map(|sink| &sink.webhook)
    }

    /// Lets an agent notify once at `now`, or does not.
    fn admit(&self, agent: AgentId, now: Tick) -> Result<(), Limited> {
        let terms = self.terms();
        let quota = Quota::per_hour(terms.per_hour, terms.burst);
        let admitted = self.sent.lock().admit(agent.as_bytes(), &quota, now);
        admitted.map(drop)
    }

    /// Tells everybody who listens, and the webhook.
    fn tell(&self, event: NotificationEvent) {
        if let (NotificationEvent::Sent(notification), Some(sink)) = (&event, self.sink.get())
            && notification.priority >= sink.least
        {
            sink.webhook.send(message::of(notification));
        }
        // Nobody may be listening.
        let _ = self.events.send(event);
    }
}

/// Agents have read nothing: what they notify of is for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("only operators have read something or not")]
pub struct NoReader;

/// Whose reading a principal looks at: an operator's own.
pub(crate) const fn reader(principal: Principal) -> Reader {
    match principal {
        Principal::Operator(id) => Reader::Operator(id),
        Principal::Agent(_) => Reader::Nobody,
    }
}

/// What a reader has not read: how many, and at most `most` of them, newest first.
pub(crate) async fn unread(plane: &Plane, reader: Reader, most: u32) -> Result<Unread, Failure> {
    let filter = NotificationFilter {
        state: Some(ReadState::Unread),
        ..NotificationFilter::default()
    };
    let newest = plane
        .store
        .notifications(&filter, reader, Page::first(most));
    let items = newest.await?.items;
    let count = match reader {
        Reader::Operator(id) => Some(plane.store.count_unread(id).await?),
        Reader::Nobody => None,
    };
    Ok(Unread { count, items })
}

/// A notification that was sent just now, as a principal sees it.
pub(crate) fn news(sent: &Notification, principal: Principal) -> Noticed {
    Noticed {
        notification: sent.clone(),
        state: match reader(principal) {
            Reader::Operator(_) => Some(ReadState::Unread),
            Reader::Nobody => None,
        },
    }
}
