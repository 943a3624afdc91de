//! Lists sessions that live, the one that was used last first.

use crate::error::Refusal;
use crate::extract::{Actor, Params};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::sessions::{Session, WhoseQuery};
use portunus_app::{Plane, sessions};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "sessions",
    verb: "list",
};

/// List sessions
///
/// One's own; another operator's need `operators.update` too. There are at most 100, in one page.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "list_sessions",
    tag = "sessions",
    params(WhoseQuery),
    responses((status = 200, description = "Sessions that live", body = List<Session>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Params(query): Params<WhoseQuery>,
) -> Result<Json<List<Session>>, Refusal> {
    let living = sessions::list::list(&plane, &session, query.operator.as_deref()).await?;
    let shown = living
        .iter()
        .map(|standing| wire::sessions::session(&plane, standing, session.kid));
    Ok(Json(List {
        items: shown.collect(),
        next_cursor: None,
    }))
}
