//! Writes a message to a board or to an agent.

use super::boards::{self, BoardError};
use super::events::MessageEvent;
use crate::agents;
use crate::agents::show::ShowError;
use crate::credential::session::Session;
use crate::entropy;
use crate::failure::Failure;
use crate::nobody::{Kind, Nobody};
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::ids::MessageId;
use portunus_core::message::mention::TooManyMentions;
use portunus_core::message::terms::{EXPIRY_MS, SHORTEST_EXPIRY_MS};
use portunus_core::message::{
    Data, DataError, Draft, Mentions, Sender, Tags, Target, Text, TextError,
};
use portunus_core::once::Done;
use portunus_store::{Appended, StoreError};
use std::sync::Arc;

/// To whom something is written, by name or id.
#[derive(Clone, Debug)]
pub enum Address {
    /// A board.
    Board(String),
    /// An agent.
    Agent(String),
}

/// What somebody wants to write.
#[derive(Clone, Debug)]
pub struct Wish {
    /// To whom.
    pub to: Address,
    /// What it says.
    pub text: String,
    /// What programs read of it.
    pub data: Option<serde_json::Value>,
    /// By which it is found.
    pub tags: Tags,
    /// How long it waits for its recipients, in milliseconds.
    pub expires_in_ms: Option<u64>,
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// No board or no agent has this name or id.
    #[error(transparent)]
    Nobody(#[from] Nobody),
    /// The text cannot be taken.
    #[error("the field text {0}")]
    Text(#[from] TextError),
    /// The data cannot be taken.
    #[error("the field data {0}")]
    Data(#[from] DataError),
    /// It names too many.
    #[error("the field text {0}")]
    Mentions(#[from] TooManyMentions),
    /// It waits for too short or too long.
    #[error("the field expires_in_ms must be {SHORTEST_EXPIRY_MS} to {longest}")]
    Expiry {
        /// How long messages are kept, in milliseconds.
        longest: u64,
    },
    /// What its sender wrote, and is kept, takes as much as it may.
    #[error(
        "what you wrote and is kept takes the {mib} MiB that the messages of one sender may take"
    )]
    OutboxFull {
        /// How much that is.
        mib: u64,
        /// When enough of it is forgotten, in milliseconds.
        retry_after_ms: u64,
    },
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Writes it. The sender is whoever the session proves (P6). Nobody who reads is waited for.
pub async fn append(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Arc<Appended>, Session>>,
    wish: Wish,
) -> Result<Arc<Appended>, AppendError> {
    let asked = asked.into();
    let text = Text::try_from(wish.text.as_str())?;
    let data = wish.data.as_ref().map(Data::new).transpose()?;
    let mentions = Mentions::find(text.as_str())?;
    let longest = plane.messages().kept_for();
    let expires_in_ms = wish.expires_in_ms.unwrap_or(EXPIRY_MS.min(longest));
    if wish.expires_in_ms.is_some() && !(SHORTEST_EXPIRY_MS..=longest).contains(&expires_in_ms) {
        return Err(AppendError::Expiry { longest });
    }
    let session = asked.session().clone();
    let target = target(plane, &session, &wish.to).await?;
    let now = plane.clock.now();
    let draft = Draft {
        id: MessageId::from_bytes(entropy::draw().map_err(Failure::from)?),
        target,
        sender: Sender {
            principal: asked.by(),
            name: Arc::clone(asked.session().name()),
        },
        text,
        data,
        tags: wish.tags,
        mentions,
        at: now,
        expires_at: now.plus_ms(expires_in_ms),
        inbox_length: plane.messages().inbox_length(),
        outbox_bytes: plane.messages().outbox_bytes(),
    };
    plane
        .to_the_end(|plane| async move {
            let receipt = move |appended: &Appended| {
                let done = Done {
                    action: "message.written".to_owned(),
                    subject: appended.message.id.to_string(),
                };
                asked.receipt(now, done, &Arc::new(appended.clone()))
            };
            let appended = match plane.store.append(&draft, &receipt).await {
                // Deleted since it was looked up.
                Err(StoreError::NotFound) => {
                    return Err(nobody(&plane, &session, &wish.to).await.into());
                }
                Err(StoreError::OutboxFull { written_at }) => {
                    let room_at = written_at.plus_ms(plane.messages().forgotten_after());
                    return Err(AppendError::OutboxFull {
                        mib: plane.messages().outbox_bytes() >> 20,
                        retry_after_ms: now.ms_until(room_at),
                    });
                }
                other => Arc::new(other.map_err(Failure::from)?),
            };
            let event = MessageEvent::Appended(Arc::clone(&appended));
            plane.messages().tell(event);
            Ok(appended)
        })
        .await
}

async fn target(plane: &Plane, session: &Session, to: &Address) -> Result<Target, AppendError> {
    match to {
        Address::Board(reference) => match boards::show(plane, reference).await {
            Ok(board) => Ok(Target::Board(board.id)),
            Err(BoardError::Failure(failure)) => Err(failure.into()),
            Err(_) => Err(nobody(plane, session, to).await.into()),
        },
        Address::Agent(reference) => match agents::show(plane, reference).await {
            Ok(agent) => Ok(Target::Agent(agent.id)),
            Err(ShowError::NotFound) => Err(nobody(plane, session, to).await.into()),
            Err(ShowError::Failure(failure)) => Err(failure.into()),
        },
    }
}

async fn nobody(plane: &Plane, session: &Session, to: &Address) -> Nobody {
    let (kind, asked) = match to {
        Address::Board(asked) => (Kind::Board, asked),
        Address::Agent(asked) => (Kind::Agent, asked),
    };
    Nobody::of(kind, plane, session, asked).await
}
