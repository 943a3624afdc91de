//! Deletes an agent and ends its tokens.

use crate::error::Refusal;
use crate::extract::{Asking, Named};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::agents::AgentDeleted;
use portunus_app::agents::delete::Deleted;
use portunus_app::once::Answer;
use portunus_app::{Plane, agents};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "agents",
    verb: "delete",
};

/// Delete an agent
///
/// Its tokens end at once, on open streams too, and its name is free.
#[utoipa::path(
    delete,
    path = "/api/v1/agents/{agent}",
    operation_id = "delete_agent",
    tag = "agents",
    params(("agent" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The agent as it was", body = AgentDeleted))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
) -> Result<Response, Refusal> {
    let naming = Refusal::naming(&reference);
    let delete = |asked| agents::delete(&plane, asked, reference);
    asking.answered(told, delete).await.map_err(naming)
}

fn told(deleted: &Deleted) -> Answer {
    let deleted = AgentDeleted {
        agent: wire::agents::agent(&deleted.agent, &deleted.life),
        revoked: deleted.revoked.iter().map(ToString::to_string).collect(),
    };
    answer(StatusCode::OK, &deleted)
}
