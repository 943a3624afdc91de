//! Shows one notification.

use super::{id, list};
use crate::error::Refusal;
use crate::extract::{Actor, Named};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::notifications::Notification;
use portunus_app::{Plane, notifications};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = list::SCOPE;

/// Show a notification
///
/// Looking does not mark it as read.
#[utoipa::path(
    get,
    path = "/api/v1/notifications/{notification}",
    operation_id = "show_notification",
    tag = "notifications",
    params(("notification" = String, Path, description = "Its id")),
    responses((status = 200, description = "The notification", body = Notification))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
) -> Result<Json<Notification>, Refusal> {
    let shown = notifications::show(&plane, &session, id(&reference)?).await?;
    Ok(Json(wire::notifications::noticed(shown)))
}
