//! Switches a key on. Waiting requests are served by it at once.

use crate::error::Refusal;
use crate::extract::{Actor, Named, OptionalJsonBody};
use crate::routes::force;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::keys::{Key, SwitchKey};
use portunus_app::{Plane, keys};
use portunus_core::provider_key::KeySwitch;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "switch",
};

/// Enable a provider key
///
/// Waiting requests are served by it at once.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{key}/enable",
    operation_id = "enable_key",
    tag = "keys",
    params(("key" = String, Path, description = "Id, or pool:label")),
    request_body = Option<SwitchKey>,
    responses((status = 200, description = "The key as it is now", body = Key))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
    OptionalJsonBody(body): OptionalJsonBody<SwitchKey>,
) -> Result<Json<Key>, Refusal> {
    let (by, force) = (session.principal, force(body.force));
    let told = Refusal::naming(&reference);
    let key = keys::switch(&plane, by, reference, KeySwitch::Enabled, force).await;
    let key = key.map_err(told)?;
    Ok(Json(wire::keys::key(&plane, &key)))
}
