//! Sets a budget, or changes the one that counts the same.

use crate::error::Refusal;
use crate::extract::{Asking, JsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::budgets::{Budget, BudgetScope, SetBudget};
use portunus_app::budgets::{NewBudget, Setting, Target};
use portunus_app::once::Answer;
use portunus_app::{Plane, budgets};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "budgets",
    verb: "set",
};

/// Set a budget
///
/// Per scope, subject, measure and window there is one budget: setting it again changes its limit, and action and
/// warning where they are given. What was counted stays counted.
#[utoipa::path(
    post,
    path = "/api/v1/budgets",
    operation_id = "set_budget",
    tag = "budgets",
    request_body = SetBudget,
    responses(
        (status = 201, description = "The new budget", body = Budget),
        (status = 200, description = "The budget, which existed before", body = Budget)
    )
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    JsonBody(body): JsonBody<SetBudget>,
) -> Result<Response, Refusal> {
    let new = NewBudget {
        target: target(body.scope, body.subject.clone())?,
        quantity: wire::budgets::quantity(body.measure, body.window)?,
        limit: wire::budgets::limit(body.limit)?,
        action: body.action.map(wire::budgets::action),
        warn_at: body.warn_at.map(wire::budgets::warn_at).transpose()?,
    };
    let naming = Refusal::naming(body.subject.as_deref().unwrap_or_default());
    let set = |asked| budgets::set(&plane, asked, new);
    asking.answered(told(&plane), set).await.map_err(naming)
}

fn told(plane: &Arc<Plane>) -> impl Fn(&budgets::SetBudget) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |set| {
        let status = match set.setting {
            Setting::New => StatusCode::CREATED,
            Setting::Changed => StatusCode::OK,
        };
        let view = budgets::view(&plane, set.budget);
        answer(status, &wire::budgets::budget(&plane, &view, plane.now()))
    }
}

fn target(scope: BudgetScope, subject: Option<String>) -> Result<Target, Refusal> {
    let wrong = |detail: &str, fix: &str| Refusal::new(ErrorCode::InvalidBody, detail).fix(fix);
    match (scope, subject) {
        (BudgetScope::EveryAgent, None) => Ok(Target::EveryAgent),
        (BudgetScope::Agent, Some(name)) => Ok(Target::Agent(name)),
        (BudgetScope::Pool, Some(name)) => Ok(Target::Pool(name)),
        (BudgetScope::EveryAgent, Some(_)) => Err(wrong(
            "the field subject does not go with the scope every_agent",
            "leave subject out, or use the scope agent",
        )),
        (BudgetScope::Agent | BudgetScope::Pool, None) => Err(wrong(
            "the field subject is missing",
            "name the agent or the pool in subject, or use the scope every_agent",
        )),
    }
}
