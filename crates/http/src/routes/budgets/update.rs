//! Changes a budget's limit, action or warning.

use super::{id, nothing};
use crate::error::Refusal;
use crate::extract::{Actor, JsonBody, Named};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::budgets::{Budget, UpdateBudget};
use portunus_app::budgets::BudgetChange;
use portunus_app::{Plane, budgets};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "budgets",
    verb: "update",
};

/// Change a budget
///
/// A limit below what is spent stops new requests at once; running ones end.
#[utoipa::path(
    patch,
    path = "/api/v1/budgets/{budget}",
    operation_id = "update_budget",
    tag = "budgets",
    params(("budget" = String, Path, description = "Id")),
    request_body = UpdateBudget,
    responses((status = 200, description = "The budget and how it stands", body = Budget))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
    JsonBody(body): JsonBody<UpdateBudget>,
) -> Result<Json<Budget>, Refusal> {
    let change = BudgetChange {
        limit: body.limit.map(wire::budgets::limit).transpose()?,
        action: body.action.map(wire::budgets::action),
        warn_at: body.warn_at.map(wire::budgets::warn_at).transpose()?,
    };
    let budget = budgets::change(&plane, session.principal, id(&reference)?, change).await?;
    let view = budgets::show(&plane, budget.id).ok_or_else(nothing)?;
    Ok(Json(wire::budgets::budget(&view, plane.now())))
}
