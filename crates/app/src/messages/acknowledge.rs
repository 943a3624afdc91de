//! Acknowledges messages: they are read, once, however often that is said.

use super::events::MessageEvent;
use super::{NoInbox, own_inbox};
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::ids::MessageId;
use portunus_core::message::DeliveryState;
use portunus_store::{AckEffect, Acknowledgement, NotAcknowledgeable, StoreError};
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

/// Acknowledges all of them for the session's own agent, or none.
pub async fn acknowledge(
    plane: &Arc<Plane>,
    session: &Session,
    messages: Vec<MessageId>,
) -> Result<Vec<Acknowledgement>, AcknowledgeError> {
    let agent = own_inbox(session.principal)?;
    if messages.is_empty() || messages.len() > MOST {
        return Err(AcknowledgeError::Count);
    }
    plane
        .to_the_end(|plane| async move {
            let now = plane.clock.now();
            let done = match plane.store.acknowledge(agent, &messages, now).await {
                Err(StoreError::NotAcknowledgeable(why)) => {
                    return Err(AcknowledgeError::Refused(why));
                }
                other => other.map_err(Failure::from)?,
            };
            for one in done.iter().filter(|one| one.effect == AckEffect::Now) {
                plane.messages().tell(MessageEvent::Moved {
                    message: one.message,
                    sender: one.sender,
                    recipient: agent,
                    state: DeliveryState::Read { at: now },
                });
            }
            Ok(done)
        })
        .await
}
