//! Shows how every key fares right now.

use crate::error::Refusal;
use crate::extract::Params;
use crate::wire::keys::pool_status;
use crate::wire::time::rfc3339;
use axum::Json;
use axum::extract::State;
use portunus_api::keys::{KeysStatus, KeysStatusQuery};
use portunus_app::nobody::Nobody;
use portunus_app::{Plane, pool_settings};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "status",
};

/// How keys fare
///
/// Live from memory: rests with their countdowns, windows as the provider last showed them, and the queue.
#[utoipa::path(
    get,
    path = "/api/v1/keys/status",
    operation_id = "keys_status",
    tag = "keys",
    params(KeysStatusQuery),
    responses((status = 200, description = "Every key, by pool and tier", body = KeysStatus))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<KeysStatusQuery>,
) -> Result<Json<KeysStatus>, Refusal> {
    let now = plane.now();
    let mut pools = plane.pools().all();
    if let Some(wanted) = &query.pool {
        let found = pool_settings::show(&plane, wanted);
        let wanted = found.map_err(|_| Nobody::pool(&plane, wanted))?;
        pools.retain(|pool| pool.id() == wanted.id);
    }
    Ok(Json(KeysStatus {
        at: rfc3339(now),
        pools: pools
            .iter()
            .map(|pool| pool_status(&plane, pool, now))
            .collect(),
    }))
}
