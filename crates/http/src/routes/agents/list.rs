//! Lists living agents by name.

use crate::error::Refusal;
use crate::extract::{Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::agents::{Agent, AgentsQuery};
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
    responses((status = 200, description = "Living agents by name, all of them or those of one status", body = List<Agent>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<AgentsQuery>,
) -> Result<Json<List<Agent>>, Refusal> {
    let status = query.status.map(wire::liveness::asked);
    let page = agents::list(&plane, status, page(query.limit, query.cursor)?).await?;
    Ok(Json(wire::list(page, |(agent, life)| {
        wire::agents::agent(&agent, &life)
    })))
}
