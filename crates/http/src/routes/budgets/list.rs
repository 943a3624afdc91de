//! Lists budgets with how they stand. There are few, so one page holds all of them.

use crate::error::Refusal;
use crate::extract::Params;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::budgets::{Budget, BudgetsQuery};
use portunus_api::{ErrorCode, List};
use portunus_app::budgets::Whose;
use portunus_app::{Plane, budgets};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "budgets",
    verb: "list",
};

/// List budgets
#[utoipa::path(
    get,
    path = "/api/v1/budgets",
    operation_id = "list_budgets",
    tag = "budgets",
    params(BudgetsQuery),
    responses((status = 200, description = "Budgets and how they stand: of every agent first, then by name", body = List<Budget>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<BudgetsQuery>,
) -> Result<Json<List<Budget>>, Refusal> {
    let whose = match (query.agent, query.pool) {
        (None, None) => Whose::All,
        (Some(agent), None) => Whose::Agent(agent),
        (None, Some(pool)) => Whose::Pool(pool),
        (Some(_), Some(_)) => {
            let detail = "the parameters agent and pool exclude each other";
            return Err(Refusal::new(ErrorCode::InvalidParameter, detail)
                .fix("ask for the budgets of an agent or of a pool"));
        }
    };
    let views = budgets::list(&plane, whose).await?;
    let now = plane.now();
    Ok(Json(List {
        items: views
            .iter()
            .map(|view| wire::budgets::budget(&plane, view, now))
            .collect(),
        next_cursor: None,
    }))
}
