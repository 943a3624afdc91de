//! Acknowledges messages: they are read, once, however often that is said.

use super::{NoInbox, own_inbox};
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::ids::MessageId;
use portunus_store::{AckWish, Acknowledgement, NotAcknowledgeable};
use std::sync::Arc;

/// Most messages in one acknowledgement.
pub const MOST: usize = 100;

/// Why nothing was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcknowledgeError {
    /// The principal has no inbox.
    #[error(transparent)]
    NoInbox(#[from] NoInbox),
    /// None, or too many.
    #[error("the field messages must hold 1 to {MOST} ids")]
    Count,
    /// One of them cannot be.
    #[error("the message {} cannot be acknowledged: {}", .0.message, .0.refusal)]
    Refused(NotAcknowledgeable),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Acknowledges all of them for the session's own agent, or none; together with whoever else does.
pub async fn acknowledge(
    plane: &Arc<Plane>,
    session: &Session,
    messages: Vec<MessageId>,
) -> Result<Vec<Acknowledgement>, AcknowledgeError> {
    let agent = own_inbox(session.principal)?;
    if messages.is_empty() || messages.len() > MOST {
        return Err(AcknowledgeError::Count);
    }
    let wish = AckWish { agent, messages };
    let done = plane.messages().acknowledgements.ask(wish).await?;
    done.map_err(AcknowledgeError::Refused)
}
