//! Removes a budget.

use super::id;
use crate::error::Refusal;
use crate::extract::{Asking, Named};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::budgets::BudgetRemoved;
use portunus_app::once::Answer;
use portunus_app::{Plane, budgets};
use portunus_core::budget::Budget;
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
    asking: Asking,
    Named(reference): Named,
) -> Result<Response, Refusal> {
    let id = id(&reference)?;
    let remove = |asked| budgets::remove(&plane, asked, id);
    Ok(asking.answered(told(&plane), remove).await?)
}

fn told(plane: &Arc<Plane>) -> impl Fn(&Budget) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |budget| {
        let view = budgets::view(&plane, *budget);
        let budget = wire::budgets::budget(&plane, &view, plane.now());
        answer(StatusCode::OK, &BudgetRemoved { budget })
    }
}
