//! Shows a message and what became of it.

use super::{id, list};
use crate::error::Refusal;
use crate::extract::{Actor, Named};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::messages::MessageShown;
use portunus_app::Plane;
use portunus_app::messages::read;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = list::SCOPE;

/// Show a message
///
/// Its sender and operators see how its deliveries stand, a recipient how its own does. What was written to one agent is
/// not there for others.
#[utoipa::path(
    get,
    path = "/api/v1/messages/{message}",
    operation_id = "show_message",
    tag = "messages",
    params(("message" = String, Path, description = "Its id")),
    responses((status = 200, description = "The message", body = MessageShown))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
) -> Result<Json<MessageShown>, Refusal> {
    let shown = read::show(&plane, &session, id(&reference)?).await?;
    Ok(Json(wire::messages::shown(&shown)))
}
