//! Removes a budget.

use super::{id, nothing};
use crate::error::Refusal;
use crate::extract::{Actor, Named};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::budgets::BudgetRemoved;
use portunus_app::{Plane, budgets};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "budgets",
    verb: "remove",
};

/// Remove a budget
///
/// What was counted for it is forgotten, unless another budget counts the same.
#[utoipa::path(
    delete,
    path = "/api/v1/budgets/{budget}",
    operation_id = "remove_budget",
    tag = "budgets",
    params(("budget" = String, Path, description = "Id")),
    responses((status = 200, description = "The budget as it was", body = BudgetRemoved))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
) -> Result<Json<BudgetRemoved>, Refusal> {
    let id = id(&reference)?;
    let view = budgets::show(&plane, id).ok_or_else(nothing)?;
    budgets::remove(&plane, session.principal, id).await?;
    let budget = wire::budgets::budget(&view, plane.now());
    Ok(Json(BudgetRemoved { budget }))
}
