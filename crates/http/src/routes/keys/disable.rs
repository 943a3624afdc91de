//! Switches a key off. The last enabled key of a pool stays on unless forced.

use super::told;
use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::routes::force;
use axum::extract::State;
use axum::response::Response;
use portunus_api::keys::{Key, SwitchKey};
use portunus_app::{Plane, keys};
use portunus_core::provider_key::KeySwitch;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "switch",
};

/// Disable a provider key
///
/// The last enabled key of a pool stays on unless `force` is true.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{key}/disable",
    operation_id = "disable_key",
    tag = "keys",
    params(("key" = String, Path, description = "Id, or pool:label")),
    request_body = Option<SwitchKey>,
    responses((status = 200, description = "The key as it is now", body = Key))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(body): OptionalJsonBody<SwitchKey>,
) -> Result<Response, Refusal> {
    let force = force(body.force);
    let naming = Refusal::naming(&reference);
    let switch = |asked| keys::switch(&plane, asked, reference, KeySwitch::Disabled, force);
    let switched = asking.answered(told(&plane), switch).await;
    switched.map_err(naming)
}
