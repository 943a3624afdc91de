//! Changes what is logged.

use crate::error::Refusal;
use crate::extract::{Asking, JsonBody};
use crate::once::answer;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::process::LogLevel;
use portunus_app::Plane;
use portunus_app::process::log_level;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "log_level",
    verb: "set",
};

/// Change what is logged
///
/// It counts at once, and until the configuration is read again or the plane starts again.
#[utoipa::path(
    put,
    path = "/api/v1/log-level",
    operation_id = "set_log_level",
    tag = "process",
    request_body = LogLevel,
    responses((status = 200, description = "The filter that counts now", body = LogLevel))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    JsonBody(body): JsonBody<LogLevel>,
) -> Result<Response, Refusal> {
    let told = |filter: &String| {
        let filter = filter.clone();
        answer(StatusCode::OK, &LogLevel { filter })
    };
    let set = |asked| log_level::set(&plane, asked, body.filter);
    Ok(asking.answered(told, set).await?)
}
