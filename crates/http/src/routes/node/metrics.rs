//! The page that Prometheus reads.

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use portunus_app::Plane;
use portunus_app::metrics;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "metrics",
    verb: "read",
};

/// Metrics for Prometheus
///
/// In the text format, version 0.0.4. With `public = true` under `[metrics]` in the configuration no token is asked for.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "node",
    responses((status = 200, description = "Every series of the plane", body = String, content_type = "text/plain"))
)]
pub(crate) async fn handle(State(plane): State<Arc<Plane>>) -> impl IntoResponse {
    let kind = [(CONTENT_TYPE, metrics::CONTENT_TYPE)];
    (kind, metrics::scrape(&plane).await)
}
