//! Changes a budget's limit, action or warning.

use super::id;
use crate::error::Refusal;
use crate::extract::{Asking, JsonBody, Named};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::budgets::{Budget, UpdateBudget};
use portunus_app::budgets::BudgetChange;
use portunus_app::once::Answer;
use portunus_app::{Plane, budgets};
use portunus_core::budget;
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
    asking: Asking,
    Named(reference): Named,
    JsonBody(body): JsonBody<UpdateBudget>,
) -> Result<Response, Refusal> {
    let change = BudgetChange {
        limit: body.limit.map(wire::budgets::limit).transpose()?,
        action: body.action.map(wire::budgets::action),
        warn_at: body.warn_at.map(wire::budgets::warn_at).transpose()?,
    };
    let id = id(&reference)?;
    let update = |asked| budgets::change(&plane, asked, id, change);
    Ok(asking.answered(told(&plane), update).await?)
}

fn told(plane: &Arc<Plane>) -> impl Fn(&budget::Budget) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |budget| {
        let view = budgets::view(&plane, *budget);
        answer(
            StatusCode::OK,
            &wire::budgets::budget(&plane, &view, plane.now()),
        )
    }
}
