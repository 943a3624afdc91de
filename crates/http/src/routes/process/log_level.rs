//! Shows what is logged.

use crate::error::Refusal;
use axum::Json;
use axum::extract::State;
use portunus_api::process::LogLevel;
use portunus_app::Plane;
use portunus_app::process::log_level;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "log_level",
    verb: "show",
};

/// What is logged
#[utoipa::path(
    get,
    path = "/api/v1/log-level",
    operation_id = "log_level",
    tag = "process",
    responses((status = 200, description = "The filter that counts", body = LogLevel))
)]
pub(crate) async fn handle(State(plane): State<Arc<Plane>>) -> Result<Json<LogLevel>, Refusal> {
    let filter = log_level::show(&plane)?;
    Ok(Json(LogLevel { filter }))
}
