//! Changes a pool.

use super::max_wait;
use crate::error::Refusal;
use crate::extract::{Asking, JsonBody, Named};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::Patch;
use portunus_api::pools::{PoolUpdated, UpdatePool};
use portunus_app::once::Answer;
use portunus_app::pool_settings::update::{FallbackChange, PoolChange, UpdatePoolError, Updated};
use portunus_app::{Plane, pool_settings};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "pools",
    verb: "update",
};

/// Change a pool
///
/// Another origin sets the keys that it served aside until their secrets are given again.
#[utoipa::path(
    patch,
    path = "/api/v1/pools/{pool}",
    operation_id = "update_pool",
    tag = "pools",
    params(("pool" = String, Path, description = "Name or id")),
    request_body = UpdatePool,
    responses((status = 200, description = "The pool, and the keys that were set aside", body = PoolUpdated))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    JsonBody(body): JsonBody<UpdatePool>,
) -> Result<Response, Refusal> {
    let fallback = match &body.fallback {
        Patch::Set(name) => name.clone(),
        Patch::Keep | Patch::Clear => String::new(),
    };
    let naming = Refusal::naming(&reference);
    let change = PoolChange {
        base_url: body.base_url,
        max_wait: body.max_wait_ms.map(max_wait).transpose()?,
        fallback: match body.fallback {
            Patch::Keep => FallbackChange::Keep,
            Patch::Clear => FallbackChange::Clear,
            Patch::Set(name) => FallbackChange::Set(name),
        },
    };
    let update = |asked| pool_settings::update(&plane, asked, reference, change);
    let updated = asking.answered(told(&plane), update).await;
    updated.map_err(|error| match &error {
        UpdatePoolError::Fallback(_) => Refusal::naming(&fallback)(error),
        _ => naming(error),
    })
}

fn told(plane: &Arc<Plane>) -> impl Fn(&Updated) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |updated| {
        let quarantined = updated.quarantined.iter().map(ToString::to_string);
        let updated = PoolUpdated {
            pool: wire::pools::pool(&plane, &updated.pool),
            quarantined: quarantined.collect(),
        };
        answer(StatusCode::OK, &updated)
    }
}
