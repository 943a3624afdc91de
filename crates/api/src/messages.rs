//! Messages, deliveries and inboxes on the wire.

use crate::tokens::Principal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Something with an id and the name that it had when it was written down.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A message, on a board or to an agent.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Message {
    /// `msg_` and 22 characters; never reused.
    pub id: String,
    /// The board that it stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<Named>,
    /// Its place on the board: from 1, without gaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The agent that it was written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Named>,
    /// Who wrote it, as its credential proved.
    pub sender: Principal,
    /// What it says. It is text: show it as such.
    pub text: String,
    /// What programs read of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
    /// By which it is found, sorted.
    pub tags: Vec<String>,
    /// Agents that the text names.
    pub mentions: Vec<String>,
    /// Names in the text that no agent had.
    pub unresolved: Vec<String>,
    /// Whether it is delivered to every agent: it stands on a chat, or says `@all`.
    pub to_everyone: bool,
    /// When it was written.
    #[schema(format = DateTime)]
    pub at: String,
    /// When deliveries that nobody took fail.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// Body of `POST /api/v1/boards/{board}/messages` and of `POST /api/v1/agents/{agent}/messages`. The sender is whoever
/// the token proves.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteMessage {
    /// What it says, at most 65,536 bytes. `@name` names an agent, `@all` everybody.
    #[schema(min_length = 1, max_length = 65536)]
    pub text: String,
    /// What programs read of it: any JSON, at most 65,536 bytes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
    /// By which it is found; each is written as a name is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 16)]
    pub tags: Option<Vec<String>>,
    /// How long it waits for its recipients; a week when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000)]
    pub expires_in_ms: Option<u64>,
}

/// A message that was written.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct MessageWritten {
    /// The message.
    pub message: Message,
    /// How many agents it is queued for; 0 means that it only stands on its board, or that the inboxes of all whom it
    /// names are full.
    pub recipients: u64,
    /// Agents that it is written to, or that it names, and whose inboxes are full: their deliveries have failed.
    pub inbox_full: Vec<String>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// The recipient has not taken it yet.
    Queued,
    /// The recipient took it.
    Delivered,
    /// The recipient acknowledged it.
    Read,
    /// It will not come.
    Failed,
}

/// Why a delivery failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The message expired.
    Expired,
    /// It was handed out ten times and never acknowledged.
    NotAcknowledged,
    /// The recipient was deleted.
    RecipientDeleted,
    /// The board was deleted.
    BoardDeleted,
    /// The recipient's inbox was full when the message was written.
    InboxFull,
}

/// What became of a message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Delivery {
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was handed out.
    pub attempts: u32,
    /// Since when it stands there; absent while it is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub at: Option<String>,
    /// When it is handed out again unless it is acknowledged before; only while it is delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub visible_at: Option<String>,
    /// Why it failed; only when it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
}

/// A message out of an inbox.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct InboxItem {
    /// The message.
    pub message: Message,
    /// Its delivery to whoever asked.
    pub delivery: Delivery,
}

/// How many deliveries stand where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct DeliveryCounts {
    /// Not taken yet.
    pub queued: u64,
    /// Taken and not acknowledged.
    pub delivered: u64,
    /// Acknowledged.
    pub read: u64,
    /// Failed.
    pub failed: u64,
}

/// One message and what became of it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct MessageShown {
    /// The message.
    pub message: Message,
    /// For its sender and for operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<DeliveryCounts>,
    /// For a recipient: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// One recipient of a message.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Recipient {
    /// Who.
    pub agent: Named,
    /// What became of the message for it.
    pub delivery: Delivery,
}

/// Which messages of a board are asked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Oldest first, those with a greater number than this one; newest first when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Tags that a message must have, with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The same as `tag`; those of both are looked for when both are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// Written at this moment (RFC 3339) or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(format = DateTime)]
    pub since: Option<String>,
    /// `me`: those that name you, or everybody. For agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub mentions: Option<Mentioning>,
    /// Written by this agent, by name or id, or by the operator of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}

/// Whom a message must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mentioning {
    /// Whoever asks.
    Me,
}

/// What is wanted of one's own inbox.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxQuery {
    /// Messages at once, 1 to 100; 20 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// How long to wait for the first message, at most 60000; 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(maximum = 60000)]
    pub wait_ms: Option<u64>,
    /// For how long what is taken is hidden from the next reader, 1000 to 43200000; 60000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1000, maximum = 43_200_000)]
    pub visibility_ms: Option<u64>,
}

/// Body of `POST /api/v1/inbox/ack`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// Ids of messages that were handed out.
    #[schema(min_items = 1, max_items = 100)]
    pub messages: Vec<String>,
}

/// What an acknowledgement did: all of it, or nothing at all.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Acknowledged {
    /// Ids of messages that are read from now on.
    pub read: Vec<String>,
    /// Ids of messages that were read before; nothing changed for them.
    pub already_read: Vec<String>,
}
