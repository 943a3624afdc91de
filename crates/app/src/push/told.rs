//! What a connection is told, in the domain's words.

use crate::access::Issued;
use crate::liveness::Life;
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, BoardId, NotificationId};
use portunus_core::message::{Board, Delivery, DeliveryState, Message};
use portunus_core::scope::{Scope, ScopeSet};
use portunus_store::{Noticed, Sent};
use std::sync::Arc;

/// What a connection tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The agent's own messages.
    Inbox,
    /// How all agents stand.
    Agents,
    /// What is written on boards.
    Boards,
    /// What agents notify of.
    Notifications,
    /// What becomes of the messages that the principal wrote.
    Deliveries,
}

/// Looking at messages: what is written on boards is told to those alone who may.
pub(super) const MESSAGES: Scope = Scope {
    resource: "messages",
    verb: "read",
};

impl Topic {
    /// What hearing of it takes.
    #[must_use]
    pub const fn scope(self) -> Scope {
        let (resource, verb) = match self {
            Self::Inbox => ("inbox", "read"),
            Self::Agents => ("agents", "list"),
            Self::Boards => ("boards", "read"),
            Self::Notifications => ("notifications", "read"),
            Self::Deliveries => return MESSAGES,
        };
        Scope { resource, verb }
    }

    /// Its bit among those that a cursor knows whole.
    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Whether what happens is read from the row of changes that all connections share.
    pub(super) const fn is_shared(self) -> bool {
        match self {
            Self::Agents | Self::Boards | Self::Notifications => true,
            Self::Inbox | Self::Deliveries => false,
        }
    }
}

/// Something to tell, with its place.
#[derive(Debug)]
pub struct Numbered {
    /// Its number on the connection.
    pub seq: u64,
    /// From where a later connection of the same principal goes on.
    pub cursor: String,
    /// What it is.
    pub told: Told,
}

/// Something to tell.
#[derive(Debug)]
pub enum Told {
    /// Who the client is and how it stands.
    Account(Box<Account>),
    /// What was there is told.
    Synced {
        /// How many events came before.
        events: u64,
    },
    /// An access token.
    Credential(Issued),
    /// A message of the agent's inbox.
    Message(Arc<Message>, Delivery),
    /// Agents as they stand now.
    Agents(Vec<AgentLine>),
    /// An agent is gone.
    AgentGone(AgentId),
    /// Boards.
    Boards(Vec<Board>),
    /// A board is gone.
    BoardGone(BoardId),
    /// A message was written on a board.
    BoardMessage(Arc<Message>),
    /// What an operator has not read.
    Notifications(Unread),
    /// An agent notified.
    Notification(Noticed),
    /// The operator has read something.
    NotificationsRead(Marked),
    /// Messages that the principal wrote, as they stand now.
    Deliveries(Vec<Followed>),
}

/// A message as whoever wrote it follows it.
#[derive(Debug)]
pub struct Followed {
    /// The message and how its deliveries stand.
    pub sent: Sent,
    /// Deliveries that moved since it was told of last: the first of them.
    pub moved: Vec<Moved>,
    /// Whether others moved too.
    pub has_more: bool,
}

/// A delivery that moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// To whom.
    pub recipient: AgentId,
    /// Its name; `None` when it is gone.
    pub name: Option<Arc<str>>,
    /// Where it stands now.
    pub state: DeliveryState,
}

/// What an operator has not read; for an agent, what there is.
#[derive(Debug)]
pub struct Unread {
    /// How many; `None` for agents.
    pub count: Option<u64>,
    /// The newest of them, newest first.
    pub items: Vec<Noticed>,
}

/// What an operator has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// One notification.
    One(NotificationId),
    /// All up to this number.
    Until(u64),
}

/// Who a client is, as its credential proves it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who.
    pub principal: Principal,
    /// Its name.
    pub name: Arc<str>,
    /// What the credential holds.
    pub scopes: ScopeSet,
    /// How an agent stands.
    pub agent: Option<AgentLine>,
}

/// An agent as it stands.
#[derive(Clone, Debug)]
pub struct AgentLine {
    /// Who.
    pub id: AgentId,
    /// Its name.
    pub name: Arc<str>,
    /// What people call it.
    pub display_name: Option<Arc<str>>,
    /// How it stands.
    pub life: Life,
}
