//! Shows one notification.

use super::reader;
use crate::credential::session::Session;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::ids::NotificationId;
use portunus_store::{Noticed, StoreError};

/// Why a notification is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// There is none of this id.
    #[error("no notification has this id")]
    NotFound,
    /// It could not be read at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The notification `id`, as the session's own principal sees it. Looking does not mark it as read.
pub async fn show(
    plane: &Plane,
    session: &Session,
    id: NotificationId,
) -> Result<Noticed, ShowError> {
    match plane
        .store
        .notification(id, reader(session.principal))
        .await
    {
        Err(StoreError::NotFound) => Err(ShowError::NotFound),
        other => Ok(other.map_err(Failure::from)?),
    }
}
