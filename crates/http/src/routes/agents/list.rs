//! Lists agents by name.

use crate::error::Refusal;
use crate::extract::{Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::agents::{Agent, AgentState, AgentsQuery};
use portunus_app::agents::Standing;
use portunus_app::{Plane, agents};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "agents",
    verb: "list",
};

/// List agents
#[utoipa::path(
    get,
    path = "/api/v1/agents",
    operation_id = "list_agents",
    tag = "agents",
    params(AgentsQuery),
    responses((status = 200, description = "Agents by name: living ones unless `state` says otherwise, all of them or those of one status", body = List<Agent>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<AgentsQuery>,
) -> Result<Json<List<Agent>>, Refusal> {
    let standing = match query.state.unwrap_or_default() {
        AgentState::Living => Standing::Living,
        AgentState::Archived => Standing::Archived,
    };
    let status = query.status.map(wire::liveness::asked);
    let page = page(query.limit, query.cursor)?;
    let page = agents::list(&plane, standing, status, page).await?;
    Ok(Json(wire::list(page, |(agent, life)| {
        wire::agents::agent(&agent, &life)
    })))
}
