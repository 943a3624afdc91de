//! The page that `type` and `doc_url` of every problem point to.

use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

/// Every kind of refusal
#[utoipa::path(
    get,
    path = "/errors",
    operation_id = "errors",
    tag = "node",
    responses((status = 200, description = "Every code, its meaning and its fix", body = String, content_type = "text/html"))
)]
pub(crate) async fn handle() -> impl IntoResponse {
    let kind = [(CONTENT_TYPE, "text/html; charset=utf-8")];
    (kind, crate::error::catalogue())
}
