//! Lets a new key sign access tokens.

use crate::error::Refusal;
use crate::extract::{Asking, OptionalJsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::access::{RotateSigningKey, SigningKeys};
use portunus_app::Plane;
use portunus_app::access::signing;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "signing",
    verb: "rotate",
};

/// Rotate the signing key
///
/// The key before verifies, and stays published, until the last access token that it signed can no longer be renewed.
#[utoipa::path(
    post,
    path = "/api/v1/signing/rotate",
    operation_id = "rotate_signing_key",
    tag = "access",
    request_body = Option<RotateSigningKey>,
    responses((status = 201, description = "The keys afterwards, the new one first", body = SigningKeys))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    OptionalJsonBody(RotateSigningKey {}): OptionalJsonBody<RotateSigningKey>,
) -> Result<Response, Refusal> {
    let told = |keys: &Vec<_>| answer(StatusCode::CREATED, &wire::access::signing_keys(keys));
    let rotate = |asked| signing::rotate(&plane, asked);
    Ok(asking.answered(told, rotate).await?)
}
