//! Publishes the keys that verify access tokens, so that other services check them without asking.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CACHE_CONTROL;
use portunus_api::access::{KeySet, PublicKey};
use portunus_app::Plane;
use std::sync::Arc;

/// Public keys of access tokens
///
/// A JWK set (RFC 7517). Whoever meets a `kid` that it does not have reads the set again.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "jwks",
    tag = "access",
    responses((status = 200, description = "The keys that verify now", body = KeySet))
)]
pub(crate) async fn handle(State(plane): State<Arc<Plane>>) -> impl IntoResponse {
    let keys = plane.public_keys().into_iter().map(|key| PublicKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        alg: "EdDSA".to_owned(),
        r#use: "sig".to_owned(),
        kid: key.kid,
        x: key.x,
    });
    let keys = KeySet {
        keys: keys.collect(),
    };
    ([(CACHE_CONTROL, "public, max-age=300")], Json(keys))
}
