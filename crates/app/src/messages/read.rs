//! Reads boards, one message, and what became of it.

use super::boards::{self, BoardError};
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::listing::ListError;
use crate::nobody::{self, Kind, Nobody};
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::MessageId;
use portunus_core::message::{Delivery, Message, Place};
use portunus_store::{Listing, Page, StoreError};

pub use portunus_store::{DeliveryCounts, MessageFilter, MessageOrder, Recipient};

/// Why a message is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No message has this id, or it is none of the reader's business.
    #[error("no message that you may see has this id")]
    NotFound,
    /// Its deliveries are its sender's business.
    #[error("only its sender and operators see what became of a message")]
    NotTheSender,
    /// The cursor was not minted by this list.
    #[error("the cursor does not belong to this list")]
    BadCursor,
    /// It could not be read at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::BadCursor => Self::BadCursor,
            other => Self::Failure(other.into()),
        }
    }
}

/// A message as one reader may see it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The message.
    pub message: Message,
    /// What became of it, for its sender and for operators.
    pub counts: Option<DeliveryCounts>,
    /// What became of it for the reader, if it is a recipient.
    pub own: Option<Delivery>,
}

/// One page of the messages of the board that `reference` means. With `sender`, those of the agent of that name or id, or
/// of the operator of that name.
pub async fn of_board(
    plane: &Plane,
    session: &Session,
    reference: &str,
    mut filter: MessageFilter,
    sender: Option<&str>,
    page: Page,
) -> Result<Listing<Message>, ListError> {
    let board = match boards::show(plane, reference).await {
        Ok(board) => board,
        Err(BoardError::Failure(failure)) => return Err(failure.into()),
        Err(_) => return Err(no_board(plane, session, reference).await),
    };
    if let Some(name) = sender {
        filter.sender = Some(sender_named(plane, session, name).await?);
    }
    match plane.store.board_messages(board.id, &filter, page).await {
        // Deleted since it was looked up.
        Err(StoreError::NotFound) => Err(no_board(plane, session, reference).await),
        other => Ok(other?),
    }
}

/// An agent, or else an operator: they write on boards too.
async fn sender_named(
    plane: &Plane,
    session: &Session,
    name: &str,
) -> Result<Principal, ListError> {
    match nobody::agent_for(plane, session, name).await {
        Ok(agent) => Ok(Principal::Agent(agent.id)),
        Err(error @ ListError::Nobody(_)) => match plane.directory.operator_named(name) {
            Some(operator) => Ok(Principal::Operator(operator)),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

async fn no_board(plane: &Plane, session: &Session, asked: &str) -> ListError {
    Nobody::of(Kind::Board, plane, session, asked).await.into()
}

/// One message. What stands on a board is for whoever reads boards; what was written to an agent is for the two of them,
/// and for operators.
pub async fn show(plane: &Plane, session: &Session, id: MessageId) -> Result<Shown, ReadError> {
    let now = plane.now();
    let (message, counts) = plane.store.message(id, now).await?;
    let own = match session.principal {
        Principal::Agent(agent) => plane.store.delivery(id, agent, now).await?,
        Principal::Operator(_) => None,
    };
    let all = sees_all(session, &message);
    let on_a_board = matches!(message.place, Place::Board { .. });
    if !(all || on_a_board || own.is_some()) {
        return Err(ReadError::NotFound);
    }
    Ok(Shown {
        counts: all.then_some(counts),
        message,
        own,
    })
}

/// One page of a message's recipients, by id, with what became of it for each; for its sender and for operators.
pub async fn deliveries(
    plane: &Plane,
    session: &Session,
    id: MessageId,
    page: Page,
) -> Result<Listing<Recipient>, ReadError> {
    let shown = show(plane, session, id).await?;
    if !sees_all(session, &shown.message) {
        return Err(ReadError::NotTheSender);
    }
    Ok(plane.store.deliveries(id, plane.now(), page).await?)
}

fn sees_all(session: &Session, message: &Message) -> bool {
    matches!(session.principal, Principal::Operator(_))
        || message.sender.principal == session.principal
}
