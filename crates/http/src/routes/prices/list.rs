//! Lists the prices in force, shipped and configured.

use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::usage::Prices;
use portunus_app::Plane;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "usage",
    verb: "read",
};

/// List the prices in force
#[utoipa::path(
    get,
    path = "/api/v1/prices",
    operation_id = "list_prices",
    tag = "usage",
    responses((status = 200, description = "Shipped and configured prices, as they are tried", body = Prices))
)]
pub(crate) async fn handle(State(plane): State<Arc<Plane>>) -> Json<Prices> {
    Json(wire::usage::prices(&plane.prices().table()))
}
