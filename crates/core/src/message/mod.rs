//! Messages: what is written to a board or to an agent, who is meant by it, and what became of it for each of them.
//!
//! [`mention`] finds names in text, [`delivery`] says who may move a delivery and when. Numbers and moments arrive as
//! arguments; the store gives the numbers.

mod content;
pub mod delivery;
pub mod mention;
pub mod terms;

pub use content::{
    Data, DataError, MAX_DATA_BYTES, MAX_TAGS, MAX_TEXT_BYTES, Tags, TagsError, Text, TextError,
};
pub use delivery::{Delivery, DeliveryState, FailureReason};
pub use mention::Mentions;

use crate::agent::Principal;
use crate::ids::{AgentId, BoardId, MessageId};
use crate::name::Slug;
use crate::time::Timestamp;
use mention::Everyone;
use std::sync::Arc;

/// The tag that makes a board a chat: whatever is written there is delivered to every agent.
pub const CHAT: &str = "chat";

/// A shared log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// Never reused, also when the name is.
    pub id: BoardId,
    /// Unique among the boards that there are; it stays.
    pub name: Slug,
    /// What it is for, as people wrote it; may be empty.
    pub description: String,
    /// By which it is found.
    pub tags: Tags,
    /// The number of its newest message; 0 before the first.
    pub last_number: u64,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Board {
    /// Whether everything on it is delivered to every agent.
    #[must_use]
    pub fn is_chat(&self) -> bool {
        self.tags.has(CHAT)
    }

    /// Whom a message on it reaches, whatever its text says.
    #[must_use]
    pub fn audience(&self) -> Audience {
        if self.is_chat() {
            Audience::Everyone
        } else {
            Audience::Named
        }
    }
}

/// Where a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// To a board.
    Board(BoardId),
    /// To one agent.
    Agent(AgentId),
}

/// Where a message stands. The names are those of the time when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a board.
    Board {
        /// Which one; it may be gone.
        id: BoardId,
        /// Its name.
        name: Slug,
        /// Its place there: from 1, without gaps, in the order in which readers can see messages.
        number: u64,
    },
    /// In the inbox of one agent.
    Agent {
        /// Which one; it may be gone.
        id: AgentId,
        /// Its name.
        name: Slug,
    },
}

/// Who wrote a message, as the credential proved it. The name is that of the time when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Who.
    pub principal: Principal,
    /// Its name.
    pub name: Arc<str>,
}

/// Whom a message reaches besides those that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Nobody.
    Named,
    /// Every agent that lived when it was written, but its sender.
    Everyone,
}

/// A message before it has a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: MessageId,
    /// Where it goes.
    pub target: Target,
    /// Who writes it.
    pub sender: Sender,
    /// What it says.
    pub text: Text,
    /// What programs read of it.
    pub data: Option<Data>,
    /// By which it is found.
    pub tags: Tags,
    /// Whom the text names.
    pub mentions: Mentions,
    /// When it is written.
    pub at: Timestamp,
    /// When deliveries that nobody took fail.
    pub expires_at: Timestamp,
    /// How many messages that can still be taken or acknowledged each inbox may hold.
    pub inbox_length: u64,
    /// How many bytes the messages of its sender may take, this one and those that are kept.
    pub outbox_bytes: u64,
}

impl Draft {
    /// What it takes with so many recipients, about, in bytes.
    #[must_use]
    pub fn bytes(&self, recipients: u64) -> u64 {
        let text = self.text.as_str().len();
        let data = self.data.as_ref().map_or(0, |data| data.as_json().len());
        u64::try_from(text + data)
            .unwrap_or(u64::MAX)
            .saturating_add(terms::MESSAGE_BYTES)
            .saturating_add(recipients.saturating_mul(terms::RECIPIENT_BYTES))
    }

    /// By how many bytes it is too much for its sender, of whom `kept` bytes are kept. Whoever has nothing there may write one
    /// message, whatever it takes.
    #[must_use]
    pub fn excess(&self, kept: u64, bytes: u64) -> Option<u64> {
        let excess = kept.saturating_add(bytes).checked_sub(self.outbox_bytes)?;
        (kept > 0 && excess > 0).then_some(excess)
    }

    /// The message that it becomes at a place, where a message reaches `usual`; `mentions` are those whom its text names
    /// and who live, `unresolved` the names that nobody has.
    #[must_use]
    pub fn written(
        &self,
        place: Place,
        usual: Audience,
        mentions: Mentions,
        unresolved: Vec<Slug>,
    ) -> Message {
        Message {
            id: self.id,
            place,
            sender: self.sender.clone(),
            text: self.text.clone(),
            data: self.data.clone(),
            tags: self.tags.clone(),
            audience: match mentions.everyone {
                Everyone::Meant => Audience::Everyone,
                Everyone::NotMeant => usual,
            },
            mentions,
            unresolved,
            at: self.at,
            expires_at: self.expires_at,
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Never reused.
    pub id: MessageId,
    /// Where it stands.
    pub place: Place,
    /// Who wrote it.
    pub sender: Sender,
    /// What it says.
    pub text: Text,
    /// What programs read of it.
    pub data: Option<Data>,
    /// By which it is found.
    pub tags: Tags,
    /// Whom the text names and who lived.
    pub mentions: Mentions,
    /// Names in the text that no agent had.
    pub unresolved: Vec<Slug>,
    /// Whom it reaches besides.
    pub audience: Audience,
    /// When it was written.
    pub at: Timestamp,
    /// When deliveries that nobody took fail.
    pub expires_at: Timestamp,
}
