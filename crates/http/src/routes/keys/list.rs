//! Lists keys by pool and label.

use crate::error::Refusal;
use crate::extract::{Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::keys::{Key, KeysQuery};
use portunus_app::{Plane, keys};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "list",
};

/// List provider keys
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    operation_id = "list_keys",
    tag = "keys",
    params(KeysQuery),
    responses((status = 200, description = "Keys by pool and label, without their secrets", body = List<Key>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<KeysQuery>,
) -> Result<Json<List<Key>>, Refusal> {
    let page = page(query.limit, query.cursor)?;
    let page = keys::list(&plane, query.pool.as_deref(), page).await?;
    Ok(Json(wire::list(page, |key| wire::keys::key(&plane, &key))))
}
