//! Deletes an agent and ends its tokens.

use crate::error::Refusal;
use crate::extract::{Actor, Named};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::agents::AgentDeleted;
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
    Actor(session): Actor,
    Named(reference): Named,
) -> Result<Json<AgentDeleted>, Refusal> {
    let told = Refusal::naming(&reference);
    let deleted = agents::delete(&plane, session.principal, reference).await;
    let deleted = deleted.map_err(told)?;
    Ok(Json(AgentDeleted {
        agent: wire::agents::agent(&deleted.agent),
        revoked: deleted.revoked.iter().map(ToString::to_string).collect(),
    }))
}
