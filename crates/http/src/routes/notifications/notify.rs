//! Tells operators something.

use crate::error::Refusal;
use crate::extract::{Asking, JsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::notifications::{Notification, Notify};
use portunus_app::Plane;
use portunus_app::notifications::notify;
use portunus_app::notifications::notify::Wish;
use portunus_core::notification::{Notification as Sent, Priority};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "notifications",
    verb: "send",
};

/// Notify operators
///
/// For agents. Who notifies is whoever the token proves; how many one agent may send is bounded.
#[utoipa::path(
    post,
    path = "/api/v1/notifications",
    operation_id = "notify",
    tag = "notifications",
    request_body = Notify,
    responses((status = 201, description = "The notification as operators see it", body = Notification))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    JsonBody(body): JsonBody<Notify>,
) -> Result<Response, Refusal> {
    let priority = body.priority.map(wire::notifications::meant);
    let wish = Wish {
        title: body.title,
        body: body.body,
        priority: priority.unwrap_or(Priority::Normal),
        link: body.link,
    };
    let told = |sent: &Arc<Sent>| {
        let sent = wire::notifications::notification(sent);
        answer(StatusCode::CREATED, &sent)
    };
    let send = |asked| notify(&plane, asked, wish);
    Ok(asking.answered_by_rank(told, send).await?)
}
