//! Notes what an operator has read. Each reads for itself; nobody else's notifications are touched, and no audit record tells
//! of it.

use super::{NoReader, NotificationEvent};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::ids::{NotificationId, OperatorId};
use portunus_core::notification::Notification;
use portunus_core::once::Done;
use portunus_store::{AllRead, StoreError};
use std::sync::Arc;

/// Why nothing was marked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// The principal keeps no account of it.
    #[error(transparent)]
    NoReader(#[from] NoReader),
    /// There is none of this id.
    #[error("no notification has this id")]
    NotFound,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for MarkError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            other => Self::Failure(other.into()),
        }
    }
}

const fn own(by: Principal) -> Result<OperatorId, NoReader> {
    match by {
        Principal::Operator(id) => Ok(id),
        Principal::Agent(_) => Err(NoReader),
    }
}

/// Notes that the operator who asks has read one; a second time changes nothing.
pub async fn mark_read(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Notification>>,
    id: NotificationId,
) -> Result<Notification, MarkError> {
    let asked = asked.into();
    let reader = own(asked.by())?;
    let now = plane.now();
    plane
        .to_the_end(move |plane| async move {
            let receipt = move |marked: &Notification| {
                let done = Done {
                    action: "notification.read".to_owned(),
                    subject: marked.id.to_string(),
                };
                asked.receipt(now, done, marked)
            };
            let marked = plane.store.mark_read(reader, id, &receipt).await?;
            plane.notifications().tell(NotificationEvent::Read {
                reader,
                notification: id,
            });
            Ok(marked)
        })
        .await
}

/// Notes that the operator who asks has read everything that there is, or everything up to `last`.
pub async fn mark_all_read(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<AllRead>>,
    last: Option<NotificationId>,
) -> Result<AllRead, MarkError> {
    let asked = asked.into();
    let reader = own(asked.by())?;
    let now = plane.now();
    plane
        .to_the_end(move |plane| async move {
            let receipt = move |all: &AllRead| {
                let done = Done {
                    action: "notifications.read".to_owned(),
                    subject: reader.to_string(),
                };
                asked.receipt(now, done, all)
            };
            let all = plane.store.mark_all_read(reader, last, &receipt).await?;
            let until = all.until;
            plane
                .notifications()
                .tell(NotificationEvent::AllRead { reader, until });
            Ok(all)
        })
        .await
}
