//! Whether the node should get new requests.

use crate::error::Refusal;
use axum::extract::State;
use portunus_api::{ErrorCode, Problem};
use portunus_app::Plane;
use std::sync::Arc;

/// Is the node ready
///
/// Not while it shuts down or while its database does not answer.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    tag = "node",
    responses(
        (status = 200, description = "It is", body = String, content_type = "text/plain"),
        (status = 503, description = "It is not", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn handle(State(plane): State<Arc<Plane>>) -> Result<&'static str, Refusal> {
    if plane.is_draining() {
        return Err(Refusal::new(
            ErrorCode::Draining,
            "the plane finishes what runs and then exits",
        ));
    }
    plane.ping_store().await?;
    Ok("ready\n")
}
