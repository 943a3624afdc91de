//! Ends a session.

use crate::error::Refusal;
use crate::extract::{Asking, Named};
use crate::once::answer;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::sessions::SessionEnded;
use portunus_app::once::Answer;
use portunus_app::operators::ChangeError;
use portunus_app::{Plane, sessions};
use portunus_core::scope::Scope;
use portunus_core::token::Kid;
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
    asking: Asking,
    Named(kid): Named,
) -> Result<Response, Refusal> {
    let kid: Kid = kid.parse().map_err(|_| ChangeError::NoSession)?;
    let end = |asked| sessions::end::end(&plane, asked, kid);
    let ended = asking.answered_by_rank(move |()| told(kid), end).await;
    Ok(ended?)
}

/// Tells of the session that ended.
pub(super) fn told(kid: Kid) -> Answer {
    let ended = SessionEnded {
        kid: kid.to_string(),
    };
    answer(StatusCode::OK, &ended)
}
