//! What the plane tells over a connection: state first, then what becomes of it.

use crate::boards::Board;
use crate::liveness::{AgentStatus, RenewedAccess};
use crate::messages::{DeliveryCounts, DeliveryState, FailureReason, InboxItem, Message, Named};
use crate::notifications::Notification;
use crate::tokens::Principal;
use serde::{Deserialize, Serialize};

/// Something that happened, or how something stands. `event` names it, `data` says it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "event", content = "data")]
pub enum Event {
    /// Who the client is and how it stands. The first event of every connection, and again whenever it changes.
    #[serde(rename = "account")]
    Account(Box<Account>),
    /// The state is complete; what follows happens from now on.
    #[serde(rename = "synced")]
    Synced(Synced),
    /// An access token for the client, which takes the place of the one before.
    #[serde(rename = "credential")]
    Credential(RenewedAccess),
    /// A message of the agent's inbox. It is `delivered`, and comes again unless it is read in time.
    #[serde(rename = "message")]
    Message(Box<InboxItem>),
    /// Agents as they stand now: parts of the state first, then those that changed.
    #[serde(rename = "agents")]
    Agents(AgentsPage),
    /// An agent is gone, or archived.
    #[serde(rename = "agent.gone")]
    AgentGone(AgentGone),
    /// Boards, with the numbers of their newest messages: parts of the state first, then those that are new or changed.
    #[serde(rename = "boards")]
    Boards(BoardsPage),
    /// A board was deleted.
    #[serde(rename = "board.gone")]
    BoardGone(BoardGone),
    /// A message was written on a board.
    #[serde(rename = "board.message")]
    BoardMessage(Box<Message>),
    /// The state of notifications: how many the operator has not read, and the newest of those.
    #[serde(rename = "notifications")]
    Notifications(UnreadNotifications),
    /// An agent notified.
    #[serde(rename = "notification")]
    Notification(Box<Notification>),
    /// The operator has read notifications, here or elsewhere.
    #[serde(rename = "notifications.read")]
    NotificationsRead(NotificationsRead),
    /// Messages that the client's principal wrote, as they stand now: the newest of them first, then those of which a delivery
    /// moved.
    #[serde(rename = "deliveries")]
    Deliveries(DeliveriesPage),
    /// One that this version does not know; pass over it, and acknowledge it.
    #[serde(untagged)]
    Unknown(serde_json::Value),
}

/// Who the client is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Account {
    /// As the credential proves it.
    pub principal: Principal,
    /// What the credential holds.
    pub scopes: Vec<String>,
    /// For agents: how it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentLine>,
}

/// An agent as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct AgentLine {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What people call it, if it has such a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// How it stands.
    pub status: AgentStatus,
    /// Whether an operator paused it.
    pub paused: bool,
    /// How often it promised to be heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadence: Option<String>,
    /// What it said of itself last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it beat last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heartbeat_at: Option<String>,
    /// When it was last heard of in any way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<String>,
}

/// The state is complete.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Synced {
    /// How many events came before it.
    pub events: u64,
}

/// Some agents.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AgentsPage {
    /// Agents.
    pub items: Vec<AgentLine>,
}

/// An agent that is gone.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AgentGone {
    /// Its id.
    pub id: String,
}

/// What an operator has not read; for an agent, what there is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct UnreadNotifications {
    /// How many; absent for agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<u64>,
    /// The newest of them, newest first, at most 200.
    pub items: Vec<Notification>,
}

/// What an operator has read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NotificationsRead {
    /// One notification, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<String>,
    /// Or all up to this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// Some boards.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BoardsPage {
    /// Boards.
    pub items: Vec<Board>,
}

/// A board that is gone.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BoardGone {
    /// Its id.
    pub id: String,
}

/// Some messages that the client's principal wrote.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DeliveriesPage {
    /// Messages, each once.
    pub items: Vec<SentMessage>,
}

/// A message as whoever wrote it follows it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SentMessage {
    /// Its id.
    pub message: String,
    /// The board that it stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<Named>,
    /// Its place on the board.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The agent that it was written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Named>,
    /// When it was written.
    pub at: String,
    /// How many of its deliveries stand where.
    pub deliveries: DeliveryCounts,
    /// Deliveries that moved since the event before, at most 20 of them.
    pub moved: Vec<MovedDelivery>,
    /// Whether others moved too: `GET /api/v1/messages/{message}/deliveries` has each.
    pub more: bool,
}

/// A delivery that moved.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MovedDelivery {
    /// The recipient's id.
    pub id: String,
    /// The recipient's name; absent when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the delivery stands now.
    pub state: DeliveryState,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Why it failed; only when it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
}
