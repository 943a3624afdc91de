//! Removes a key. The last enabled key of a pool stays unless forced.

use crate::error::Refusal;
use crate::extract::{Actor, Named, Params};
use crate::routes::force;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::keys::{KeyRemoved, RemoveKeyQuery};
use portunus_app::{Plane, keys};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "remove",
};

/// Remove a provider key
///
/// The last enabled key of a pool stays unless `force` is true. What runs on the key goes on.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{key}",
    operation_id = "remove_key",
    tag = "keys",
    params(("key" = String, Path, description = "Id, or pool:label"), RemoveKeyQuery),
    responses((status = 200, description = "The key as it was", body = KeyRemoved))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
    Params(query): Params<RemoveKeyQuery>,
) -> Result<Json<KeyRemoved>, Refusal> {
    let (by, force) = (session.principal, force(query.force));
    let told = Refusal::naming(&reference);
    let removed = keys::remove(&plane, by, reference, force).await;
    let removed = removed.map_err(told)?;
    let key = wire::keys::key(&plane, &removed.key);
    Ok(Json(KeyRemoved { key }))
}
