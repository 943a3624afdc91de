//! Takes an operator's word that a key is well.

use super::told;
use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
use axum::extract::State;
use axum::response::Response;
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
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(ClearKey {}): OptionalJsonBody<ClearKey>,
) -> Result<Response, Refusal> {
    let naming = Refusal::naming(&reference);
    let clear = |asked| keys::clear(&plane, asked, reference);
    let cleared = asking.answered(told(&plane), clear).await;
    cleared.map_err(naming)
}
