//! Shows one operator.

use crate::error::Refusal;
use crate::extract::Named;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::operators::Operator;
use portunus_app::{Plane, operators};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "operators",
    verb: "show",
};

/// Show an operator
#[utoipa::path(
    get,
    path = "/api/v1/operators/{operator}",
    operation_id = "show_operator",
    tag = "operators",
    params(("operator" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The operator", body = Operator))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Named(reference): Named,
) -> Result<Json<Operator>, Refusal> {
    let operator = operators::show(&plane, &reference).await;
    let operator = operator.map_err(Refusal::naming(&reference))?;
    Ok(Json(wire::operators::operator(&operator)))
}
