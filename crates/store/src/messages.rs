//! What a store keeps of boards, messages and deliveries.

use crate::{Listing, Page, ReceiptFor, Result, StoreError};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::ids::{AgentId, BoardId, MessageId};
use portunus_core::message::delivery::AckRefusal;
use portunus_core::message::{Board, Delivery, Draft, FailureReason, Message, Place, Tags};
use portunus_core::name::Slug;
use portunus_core::push::HandedOut;
use portunus_core::time::Timestamp;
use std::sync::Arc;

/// Boards, messages and deliveries; a part of [`crate::Store`], whose rules hold here too.
///
/// What is written is not in the audit log: the messages are their own record. Changes of boards are.
#[async_trait::async_trait]
pub trait MessageStore: Send + Sync + 'static {
    /// Creates a board. `NameTaken`.
    async fn create_board(&self, board: &Board, event: &AuditEvent) -> Result<()>;

    /// Writes description and tags of a board. `NotFound`.
    async fn update_board(&self, board: &Board, event: &AuditEvent) -> Result<()>;

    /// Deletes a board: its name is free, its open deliveries fail, and its messages stay until they are old. `NotFound`.
    async fn delete_board(&self, id: BoardId, at: Timestamp, event: &AuditEvent) -> Result<()>;

    /// Boards that have all of the tags, by name. `BadCursor`.
    async fn boards(&self, tags: &Tags, page: Page) -> Result<Listing<Board>>;

    /// One board. `NotFound`.
    async fn board(&self, id: BoardId) -> Result<Board>;

    /// The board of that name. `NotFound`.
    async fn board_by_name(&self, name: &Slug) -> Result<Board>;

    /// Writes a message under the next number of its board, and queues it for each whom it names; where the inbox is full,
    /// that delivery has failed. Nobody is waited for: for whoever it reaches besides, it is queued when they look and have
    /// room. `NotFound` (board or agent), `OutboxFull`.
    ///
    /// `receipt` is asked inside the transaction for what is kept of the outcome, so that it happens once (P10); what it
    /// fails with is the outcome. `AlreadyDone`.
    async fn append(&self, draft: &Draft, receipt: &ReceiptFor<Appended>) -> Result<Appended>;

    /// Messages of a board, narrowed. `NotFound` (the board), `BadCursor`.
    async fn board_messages(
        &self,
        board: BoardId,
        filter: &MessageFilter,
        page: Page,
    ) -> Result<Listing<Message>>;

    /// One message, and how its deliveries stand at `now`. `NotFound`.
    async fn message(&self, id: MessageId, now: Timestamp) -> Result<(Message, DeliveryCounts)>;

    /// The deliveries of a message as they stand at `now`, by recipient. `NotFound`, `BadCursor`.
    async fn deliveries(
        &self,
        message: MessageId,
        now: Timestamp,
        page: Page,
    ) -> Result<Listing<Recipient>>;

    /// The delivery of a message to one agent as it stands at `now`; `None` when there is none.
    async fn delivery(
        &self,
        message: MessageId,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<Delivery>>;

    /// The newest messages that a sender wrote, newest first, at most `limit`, as they stand at `now`.
    async fn sent(&self, sender: Principal, now: Timestamp, limit: u32) -> Result<Vec<Sent>>;

    /// How these messages stand at `now`, in the order of asking; those that are forgotten are left out.
    async fn standings(&self, messages: &[MessageId], now: Timestamp) -> Result<Vec<Sent>>;

    /// Messages of which deliveries failed without anybody looking at each of them, in the order in which they were written.
    async fn undone(&self, by: Undoing) -> Result<Vec<Authored>>;

    /// Hands out to each of several agents what it may take now, oldest first, in the order of the wishes and as if they had
    /// come one after the other; `None` to an agent that is not there.
    async fn take_inboxes(&self, wishes: &[InboxWish]) -> Result<Vec<Option<Inbox>>>;

    /// The same for one agent. `NotFound` (the agent).
    async fn take_inbox(&self, wish: &InboxWish) -> Result<Inbox> {
        let taken = self.take_inboxes(std::slice::from_ref(wish)).await?;
        taken
            .into_iter()
            .next()
            .flatten()
            .ok_or(StoreError::NotFound)
    }

    /// Frees of what was handed out to an agent what never arrived and is handed out like that still, and says how many that
    /// are.
    async fn give_back(&self, agent: AgentId, lost: &[HandedOut], now: Timestamp) -> Result<u64>;

    /// Acknowledges what each wish names, all of it or none, whatever becomes of the other wishes; in their order and as if
    /// they had come one after the other. What was acknowledged before stays as it is.
    async fn acknowledge_all(&self, wishes: &[AckWish], now: Timestamp) -> Result<Vec<AckOutcome>>;

    /// The same for one agent. `NotAcknowledgeable`.
    async fn acknowledge(
        &self,
        agent: AgentId,
        messages: &[MessageId],
        now: Timestamp,
    ) -> Result<Vec<Acknowledgement>> {
        let messages = messages.to_vec();
        let wish = [AckWish { agent, messages }];
        let done = self.acknowledge_all(&wish, now).await?;
        let done = done.into_iter().next().unwrap_or(Ok(Vec::new()));
        done.map_err(StoreError::NotAcknowledgeable)
    }

    /// Writes down what time has failed by `now`, at most `limit` deliveries, and says which.
    async fn settle_deliveries(&self, now: Timestamp, limit: u32) -> Result<Vec<Settled>>;

    /// Forgets messages written before `before` with their deliveries, at most `limit`, and says how many.
    async fn forget_messages(&self, before: Timestamp, limit: u32) -> Result<u64>;
}

/// A message that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// As it stands.
    pub message: Message,
    /// Those whom it names or is written to, and whose inboxes had room.
    pub named: Vec<AgentId>,
    /// Those whom it names or is written to, and for whom it has failed: their inboxes are full.
    pub full: Vec<(AgentId, Slug)>,
    /// How many agents it reaches in all; those whose inboxes are full are not among them.
    pub recipients: u64,
}

/// In which order messages come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageOrder {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first, those with a greater number than this one.
    After(u64),
}

/// Which messages of a board are asked for; what is left empty lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// In which order.
    pub order: MessageOrder,
    /// They have all of these tags.
    pub tags: Tags,
    /// Written at this moment or later.
    pub since: Option<Timestamp>,
    /// They name this agent, or everybody.
    pub mentioning: Option<AgentId>,
    /// Who wrote them.
    pub sender: Option<Principal>,
}

/// How many deliveries of a message stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Nobody took it yet.
    pub queued: u64,
    /// Taken and not acknowledged.
    pub delivered: u64,
    /// Acknowledged.
    pub read: u64,
    /// Failed.
    pub failed: u64,
}

/// One recipient of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who; it may be deleted by now.
    pub agent: AgentId,
    /// Its name.
    pub name: Slug,
    /// What became of the message for it.
    pub delivery: Delivery,
}

/// A message as its sender follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Which.
    pub message: MessageId,
    /// Where it was written to.
    pub place: Place,
    /// When.
    pub at: Timestamp,
    /// How its deliveries stand.
    pub counts: DeliveryCounts,
}

/// A message and who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authored {
    /// Which.
    pub message: MessageId,
    /// Who wrote it.
    pub sender: Principal,
}

/// What fails many deliveries at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undoing {
    /// The deletion of a recipient.
    Recipient(AgentId),
    /// The deletion of a board.
    Board(BoardId),
    /// Time, for those whom a message to everyone never reached: it expired behind `after` and not behind `until`.
    Time {
        /// Until here it is known.
        after: Timestamp,
        /// The present.
        until: Timestamp,
    },
}

/// What an agent asks its inbox for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxWish {
    /// Whose inbox.
    pub agent: AgentId,
    /// How many messages at most.
    pub limit: u32,
    /// The present.
    pub now: Timestamp,
    /// For how long what is handed out is hidden from the next reader, in milliseconds.
    pub visibility_ms: u64,
    /// How many messages that can still be taken or acknowledged the inbox may hold.
    pub length: u64,
}

/// What an inbox gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbox {
    /// Messages with their deliveries as they are now. One that many take is there once.
    pub taken: Vec<(Arc<Message>, Delivery)>,
    /// When the next of what is hidden now can be taken again; what was just taken is hidden too.
    pub visible_at: Option<Timestamp>,
}

/// Messages that an agent acknowledges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckWish {
    /// Who.
    pub agent: AgentId,
    /// Which.
    pub messages: Vec<MessageId>,
}

/// What became of one wish: all of its messages are read, or nothing changed.
pub type AckOutcome = std::result::Result<Vec<Acknowledgement>, NotAcknowledgeable>;

/// One message that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Which.
    pub message: MessageId,
    /// Who wrote it.
    pub sender: Principal,
    /// Whether this acknowledgement was the first.
    pub effect: AckEffect,
}

/// What an acknowledgement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckEffect {
    /// The message is read from now on.
    Now,
    /// It was read before, and nothing changed.
    Before,
}

/// A delivery that time has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Of which message.
    pub message: MessageId,
    /// Who wrote it.
    pub sender: Principal,
    /// To whom.
    pub recipient: AgentId,
    /// Why.
    pub reason: FailureReason,
}

/// Why a message cannot be acknowledged, with its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAcknowledgeable {
    /// Which.
    pub message: MessageId,
    /// Why.
    pub refusal: AckRefusal,
}
