//! Ends a session.

use crate::error::Refusal;
use crate::extract::{Actor, Named};
use axum::Json;
use axum::extract::State;
use portunus_api::sessions::SessionEnded;
use portunus_app::operators::ChangeError;
use portunus_app::{Plane, sessions};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "sessions",
    verb: "end",
};

/// End a session
///
/// One's own; another operator's needs `operators.update` too, and all that the operator holds.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{session}",
    operation_id = "end_session",
    tag = "sessions",
    params(("session" = String, Path, description = "Public handle of the session")),
    responses((status = 200, description = "The session that ended", body = SessionEnded))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(kid): Named,
) -> Result<Json<SessionEnded>, Refusal> {
    let kid = kid.parse().map_err(|_| ChangeError::NoSession)?;
    sessions::end::end(&plane, session, kid).await?;
    Ok(Json(SessionEnded {
        kid: kid.to_string(),
    }))
}
