//! Adds many keys in one change: all of them, or none.

use super::add::wanted;
use crate::error::Refusal;
use crate::extract::{Asking, JsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::keys::{AddKeys, KeysAdded};
use portunus_app::once::Answer;
use portunus_app::{Plane, keys};
use portunus_core::provider_key::ProviderKey;
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
    asking: Asking,
    JsonBody(body): JsonBody<AddKeys>,
) -> Result<Response, Refusal> {
    if body.keys.is_empty() || body.keys.len() > MAX_KEYS {
        let detail = format!("the field keys must have 1 to {MAX_KEYS} items");
        return Err(Refusal::new(ErrorCode::InvalidBody, detail));
    }
    let numbered = body.keys.into_iter().enumerate();
    let new: Result<Vec<_>, Refusal> = numbered
        .map(|(at, key)| wanted(&format!("keys[{at}]."), key))
        .collect();
    let new = new?;
    let add = |asked| keys::add(&plane, asked, new);
    Ok(asking.answered(told(&plane), add).await?)
}

fn told(plane: &Arc<Plane>) -> impl Fn(&Vec<ProviderKey>) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |added| {
        let keys = added.iter().map(|key| wire::keys::key(&plane, key));
        let keys = keys.collect();
        answer(StatusCode::CREATED, &KeysAdded { keys })
    }
}
