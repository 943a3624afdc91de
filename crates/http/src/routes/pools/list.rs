//! Lists pools by name. There are few, so one page holds all of them.

use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::pools::Pool;
use portunus_app::{Plane, pool_settings};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "pools",
    verb: "list",
};

/// List pools
#[utoipa::path(
    get,
    path = "/api/v1/pools",
    operation_id = "list_pools",
    tag = "pools",
    responses((status = 200, description = "Every pool, by name", body = List<Pool>))
)]
pub(crate) async fn handle(State(plane): State<Arc<Plane>>) -> Json<List<Pool>> {
    let pools = pool_settings::list(&plane);
    Json(List {
        items: pools
            .iter()
            .map(|pool| wire::pools::pool(&plane, pool))
            .collect(),
        next_cursor: None,
    })
}
