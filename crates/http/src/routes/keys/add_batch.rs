//! Adds many keys in one change: all of them, or none.

use super::add::wanted;
use crate::error::Refusal;
use crate::extract::{Actor, JsonBody};
use crate::wire;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::keys::{AddKeys, KeysAdded};
use portunus_app::{Plane, keys};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "keys",
    verb: "add",
};

/// Most keys of one batch.
const MAX_KEYS: usize = 1000;

/// Add many provider keys
///
/// One change for the pace of changes. When one of them cannot be added, none is.
#[utoipa::path(
    post,
    path = "/api/v1/keys/batch",
    operation_id = "add_keys",
    tag = "keys",
    request_body = AddKeys,
    responses((status = 201, description = "The keys in the order of the request", body = KeysAdded))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    JsonBody(body): JsonBody<AddKeys>,
) -> Result<(StatusCode, Json<KeysAdded>), Refusal> {
    if body.keys.is_empty() || body.keys.len() > MAX_KEYS {
        let detail = format!("the field keys must have 1 to {MAX_KEYS} items");
        return Err(Refusal::new(ErrorCode::InvalidBody, detail));
    }
    let numbered = body.keys.into_iter().enumerate();
    let new: Result<Vec<_>, Refusal> = numbered
        .map(|(at, key)| wanted(&format!("keys[{at}]."), key))
        .collect();
    let added = keys::add(&plane, session.principal, new?).await?;
    let keys = added
        .iter()
        .map(|key| wire::keys::key(&plane, key))
        .collect();
    Ok((StatusCode::CREATED, Json(KeysAdded { keys })))
}
