//! Lists the keys that access tokens are signed with.

use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::access::SigningKeys;
use portunus_app::Plane;
use portunus_app::access::signing;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "signing",
    verb: "list",
};

/// List signing keys
#[utoipa::path(
    get,
    path = "/api/v1/signing",
    operation_id = "list_signing_keys",
    tag = "access",
    responses((status = 200, description = "The keys that verify, the one that signs first", body = SigningKeys))
)]
pub(crate) async fn handle(State(plane): State<Arc<Plane>>) -> Json<SigningKeys> {
    Json(wire::access::signing_keys(&signing::list(&plane)))
}
