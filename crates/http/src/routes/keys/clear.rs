//! Takes an operator's word that a key is well.

use crate::error::Refusal;
use crate::extract::{Actor, Named, OptionalJsonBody};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::keys::{ClearKey, Key};
use portunus_app::{Plane, keys};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "clear",
};

/// Clear a provider key
///
/// Its rests end, and its quarantine too, unless its origin changed: then it needs its secret again.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{key}/clear",
    operation_id = "clear_key",
    tag = "keys",
    params(("key" = String, Path, description = "Id, or pool:label")),
    request_body = Option<ClearKey>,
    responses((status = 200, description = "The key as it is now", body = Key))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
    OptionalJsonBody(ClearKey {}): OptionalJsonBody<ClearKey>,
) -> Result<Json<Key>, Refusal> {
    let told = Refusal::naming(&reference);
    let key = keys::clear(&plane, session.principal, reference).await;
    let key = key.map_err(told)?;
    Ok(Json(wire::keys::key(&plane, &key)))
}
