//! Lists operators by name.

use crate::error::Refusal;
use crate::extract::{Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::operators::Operator;
use portunus_api::{List, PageQuery};
use portunus_app::{Plane, operators};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "operators",
    verb: "list",
};

/// List operators
#[utoipa::path(
    get,
    path = "/api/v1/operators",
    operation_id = "list_operators",
    tag = "operators",
    params(PageQuery),
    responses((status = 200, description = "Operators by name", body = List<Operator>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<PageQuery>,
) -> Result<Json<List<Operator>>, Refusal> {
    let page = operators::list(&plane, page(query.limit, query.cursor)?).await?;
    Ok(Json(wire::list(page, |operator| {
        wire::operators::operator(&operator)
    })))
}
