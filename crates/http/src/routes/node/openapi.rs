//! Serves the OpenAPI document.

use crate::router::Document;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use portunus_app::Plane;
use std::sync::Arc;

/// This document
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    tag = "node",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Extension(document): Extension<Document>,
) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document.of(&plane))
}
