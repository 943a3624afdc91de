//! Ends the session that the request came in.

use super::current::no_session;
pub(crate) use super::end::SCOPE;
use super::end::told;
use crate::caller;
use crate::error::Refusal;
use crate::extract::Asking;
use axum::extract::State;
use axum::response::Response;
use http::header::SET_COOKIE;
use portunus_api::Problem;
use portunus_api::sessions::SessionEnded;
use portunus_app::{Plane, sessions};
use std::sync::Arc;

/// Sign out
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/current",
    operation_id = "sign_out",
    tag = "sessions",
    responses(
        (status = 200, description = "The session that ended", body = SessionEnded),
        (status = 404, description = "The request did not come in a session", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
) -> Result<Response, Refusal> {
    if !asking.session.is_session() {
        return Err(no_session());
    }
    let kid = asking.session.kid;
    let end = |asked| sessions::end::end(&plane, asked, kid);
    let ended = asking.answered_by_rank(move |()| told(kid), end).await;
    let mut response = ended?;
    if let Some(cookie) = caller::no_cookie() {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}
