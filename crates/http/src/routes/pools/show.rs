//! Shows one pool.

use crate::error::Refusal;
use crate::extract::Named;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::pools::Pool;
use portunus_app::{Plane, pool_settings};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "pools",
    verb: "show",
};

/// Show a pool
#[utoipa::path(
    get,
    path = "/api/v1/pools/{pool}",
    operation_id = "show_pool",
    tag = "pools",
    params(("pool" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The pool", body = Pool))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Named(reference): Named,
) -> Result<Json<Pool>, Refusal> {
    let pool = pool_settings::show(&plane, &reference);
    let pool = pool.map_err(Refusal::naming(&reference))?;
    Ok(Json(wire::pools::pool(&plane, &pool)))
}
