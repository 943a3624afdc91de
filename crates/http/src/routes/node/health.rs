//! Whether the process is alive.

/// Is the process alive
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "health",
    tag = "node",
    responses((status = 200, description = "It is", body = String, content_type = "text/plain"))
)]
pub(crate) async fn handle() -> &'static str {
    "ok\n"
}
