//! Lists living agents by name.

use crate::error::Refusal;
use crate::extract::{Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::agents::Agent;
use portunus_api::{List, PageQuery};
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
    params(PageQuery),
    responses((status = 200, description = "Living agents by name", body = List<Agent>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<PageQuery>,
) -> Result<Json<List<Agent>>, Refusal> {
    let page = agents::list(&plane, page(query.limit, query.cursor)?).await?;
    Ok(Json(wire::list(page, |agent| wire::agents::agent(&agent))))
}
