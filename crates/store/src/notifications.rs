//! What a store keeps of notifications, and of what each operator has read.

use crate::{Listing, Page, ReceiptFor, Result};
use portunus_core::ids::{AgentId, NotificationId, OperatorId};
use portunus_core::notification::{Draft, Notification, Priority, ReadState};
use portunus_core::time::Timestamp;

/// Notifications; a part of [`crate::Store`], whose rules hold here too.
///
/// What is sent and what is read is not in the audit log: the notifications are their own record. What a receipt maker fails
/// with is the outcome, and one whose claim is taken makes it `AlreadyDone`.
#[async_trait::async_trait]
pub trait NotificationStore: Send + Sync + 'static {
    /// Keeps a notification under the next number. Nobody has read it.
    async fn notify(
        &self,
        draft: &Draft,
        receipt: &ReceiptFor<Notification>,
    ) -> Result<Notification>;

    /// Notifications, narrowed, as `reader` sees them. `BadCursor`.
    async fn notifications(
        &self,
        filter: &NotificationFilter,
        reader: Reader,
        page: Page,
    ) -> Result<Listing<Noticed>>;

    /// One notification, as `reader` sees it. `NotFound`.
    async fn notification(&self, id: NotificationId, reader: Reader) -> Result<Noticed>;

    /// How many an operator has not read.
    async fn count_unread(&self, reader: OperatorId) -> Result<u64>;

    /// Notes that an operator has read a notification; a second time changes nothing. `NotFound` (either).
    async fn mark_read(
        &self,
        reader: OperatorId,
        id: NotificationId,
        receipt: &ReceiptFor<Notification>,
    ) -> Result<Notification>;

    /// Notes that an operator has read everything that there is, or everything up to `last`. `NotFound` (either).
    async fn mark_all_read(
        &self,
        reader: OperatorId,
        last: Option<NotificationId>,
        receipt: &ReceiptFor<AllRead>,
    ) -> Result<AllRead>;

    /// Forgets those sent before `before`, and the oldest of more than `most`; at most `limit`, and says how many.
    async fn forget_notifications(&self, before: Timestamp, most: u64, limit: u32) -> Result<u64>;
}

/// Whose reading is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// An operator's.
    Operator(OperatorId),
    /// That of somebody who keeps none.
    Nobody,
}

/// A notification as somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noticed {
    /// The notification.
    pub notification: Notification,
    /// Whether the reader has read it; `None` of [`Reader::Nobody`].
    pub state: Option<ReadState>,
}

/// In which order notifications come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotificationOrder {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first, those with a greater number than this one.
    After(u64),
}

/// Which notifications are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationFilter {
    /// In which order.
    pub order: NotificationOrder,
    /// Of this priority or more.
    pub least: Priority,
    /// From this agent.
    pub source: Option<AgentId>,
    /// Sent at this moment or later.
    pub since: Option<Timestamp>,
    /// Which the reader has read or not; [`Reader::Nobody`] has read none.
    pub state: Option<ReadState>,
}

impl Default for NotificationFilter {
    fn default() -> Self {
        Self {
            order: NotificationOrder::default(),
            least: Priority::Low,
            source: None,
            since: None,
            state: None,
        }
    }
}

/// What it came to that an operator has read everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllRead {
    /// How many are read that were not before.
    pub now: u64,
    /// Every number up to this one is read.
    pub until: u64,
}
