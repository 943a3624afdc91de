//! The outermost layer: every answer carries its request's id, and every refusal becomes a problem document.

use crate::error::Refusal;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CACHE_CONTROL, HeaderName};
use http::{HeaderValue, StatusCode};
use portunus_api::ErrorCode;
use portunus_app::Plane;
use portunus_core::ids::RequestId;
use std::sync::Arc;

/// The header that names the request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Runs the request and finishes its answer.
pub(crate) async fn finish(
    State(plane): State<Arc<Plane>>,
    mut request: Request,
    next: Next,
) -> Response {
    let known = request.extensions().get::<RequestId>().copied();
    let id = known.unwrap_or_else(|| plane.request_id());
    request.extensions_mut().insert(id);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let refusal = response.extensions_mut().remove::<Refusal>();
    let code = refusal.as_ref().map(Refusal::code);
    if let Some(refusal) = refusal {
        refusal.render(id, &mut response);
    }
    record(id, &method, route.as_ref(), response.status(), code);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    // Answers hold tokens and states; nothing on the way may keep them, unless the route says otherwise.
    let usual = HeaderValue::from_static("no-store");
    headers.entry(CACHE_CONTROL).or_insert(usual);
    response
}

/// The route stands for the path: whatever varies in a path may be a secret that was written there by mistake (P11).
fn record(
    id: RequestId,
    method: &http::Method,
    route: Option<&MatchedPath>,
    status: StatusCode,
    code: Option<ErrorCode>,
) {
    let code = code.map(ErrorCode::as_str);
    let route = route.map_or("none", MatchedPath::as_str);
    tracing::info!(request_id = %id, %method, route, status = status.as_u16(), code, "control request");
}
