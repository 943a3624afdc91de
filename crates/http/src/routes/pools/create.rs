//! Creates a pool.

use super::max_wait;
use crate::error::Refusal;
use crate::extract::{Asking, JsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::pools::{CreatePool, Pool};
use portunus_app::once::Answer;
use portunus_app::pool_settings::create::{CreatePoolError, NewPool};
use portunus_app::{Plane, pool_settings};
use portunus_core::provider_key;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "pools",
    verb: "create",
};

/// Create a pool
#[utoipa::path(
    post,
    path = "/api/v1/pools",
    operation_id = "create_pool",
    tag = "pools",
    request_body = CreatePool,
    responses((status = 201, description = "The pool", body = Pool))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    JsonBody(body): JsonBody<CreatePool>,
) -> Result<Response, Refusal> {
    let name = body.name.parse().map_err(|error| {
        Refusal::new(ErrorCode::InvalidBody, format!("the field name {error}"))
            .fix("choose a name like backup-2")
    })?;
    let new = NewPool {
        name,
        protocol: wire::pools::protocol(body.protocol),
        base_url: body.base_url,
        max_wait: body
            .max_wait_ms
            .map(max_wait)
            .transpose()?
            .unwrap_or_default(),
        fallback: body.fallback.clone(),
    };
    let create = |asked| pool_settings::create(&plane, asked, new);
    let created = asking.answered(told(&plane), create).await;
    created.map_err(|error| {
        let fallback = body.fallback.as_deref().unwrap_or_default();
        match &error {
            CreatePoolError::Fallback(_) => Refusal::naming(fallback)(error),
            _ => Refusal::naming(&body.name)(error),
        }
    })
}

fn told(plane: &Arc<Plane>) -> impl Fn(&Arc<provider_key::Pool>) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |pool| answer(StatusCode::CREATED, &wire::pools::pool(&plane, pool))
}
