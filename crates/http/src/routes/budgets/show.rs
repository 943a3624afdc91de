//! Shows one budget and how it stands.

use super::{id, nothing};
use crate::error::Refusal;
use crate::extract::Named;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::budgets::Budget;
use portunus_app::{Plane, budgets};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "budgets",
    verb: "show",
};

/// Show a budget
#[utoipa::path(
    get,
    path = "/api/v1/budgets/{budget}",
    operation_id = "show_budget",
    tag = "budgets",
    params(("budget" = String, Path, description = "Id")),
    responses((status = 200, description = "The budget and how it stands", body = Budget))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Named(reference): Named,
) -> Result<Json<Budget>, Refusal> {
    let view = budgets::show(&plane, id(&reference)?).ok_or_else(nothing)?;
    Ok(Json(wire::budgets::budget(&plane, &view, plane.now())))
}
