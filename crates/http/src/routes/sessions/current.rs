//! Shows the session that the request came in.

use crate::error::Refusal;
use crate::extract::Actor;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::ErrorCode;
use portunus_api::Problem;
use portunus_api::sessions::Session;
use portunus_app::Plane;
use portunus_app::sessions::list::standing_of;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "sessions",
    verb: "show",
};

/// Who is signed in, and until when
#[utoipa::path(
    get,
    path = "/api/v1/sessions/current",
    operation_id = "current_session",
    tag = "sessions",
    responses(
        (status = 200, description = "The session of the cookie", body = Session),
        (status = 404, description = "The request did not come in a session", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
) -> Result<Json<Session>, Refusal> {
    let standing = standing_of(&plane, session.kid).ok_or_else(no_session)?;
    Ok(Json(wire::sessions::session(
        &plane,
        &standing,
        session.kid,
    )))
}

/// The request came with a token.
pub(super) fn no_session() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "the request did not come in a session")
        .fix("sign in with `POST /api/v1/sessions`; `GET /api/v1/whoami` says whom a token proves")
}
