//! Ends the session that the request came in.

use super::current::no_session;
pub(crate) use super::end::SCOPE;
use crate::caller;
use crate::error::Refusal;
use crate::extract::Actor;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::SET_COOKIE;
use portunus_api::sessions::SessionEnded;
use portunus_app::{Plane, sessions};
use std::sync::Arc;

/// Sign out
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/current",
    operation_id = "sign_out",
    tag = "sessions",
    responses((status = 200, description = "The session that ended", body = SessionEnded))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
) -> Result<Response, Refusal> {
    if !session.is_session() {
        return Err(no_session());
    }
    let kid = session.kid;
    sessions::end::end(&plane, session, kid).await?;
    let ended = Json(SessionEnded {
        kid: kid.to_string(),
    });
    let mut response = ended.into_response();
    if let Some(cookie) = caller::no_cookie() {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}
