//! Shows one agent.

use crate::error::Refusal;
use crate::extract::Named;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::agents::Agent;
use portunus_app::failure::Failure;
use portunus_app::{Plane, agents};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "agents",
    verb: "show",
};

/// Show an agent
#[utoipa::path(
    get,
    path = "/api/v1/agents/{agent}",
    operation_id = "show_agent",
    tag = "agents",
    params(("agent" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The agent", body = Agent))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Named(reference): Named,
) -> Result<Json<Agent>, Refusal> {
    let agent = agents::show(&plane, &reference).await;
    let agent = agent.map_err(Refusal::naming(&reference))?;
    let life = plane.liveness().of(agent.id).await;
    let life = life.map_err(Failure::from)?;
    Ok(Json(wire::agents::agent(&agent, &life)))
}
