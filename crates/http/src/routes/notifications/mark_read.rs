//! Notes that an operator has read a notification.

use super::id;
use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::notifications::{MarkRead, Notification};
use portunus_app::{Plane, notifications};
use portunus_core::notification::Notification as Sent;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "notifications",
    verb: "mark",
};

/// Mark a notification as read
///
/// For operators, each for itself; a second time changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/{notification}/read",
    operation_id = "mark_notification_read",
    tag = "notifications",
    params(("notification" = String, Path, description = "Its id")),
    request_body = Option<MarkRead>,
    responses((status = 200, description = "The notification", body = Notification))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(MarkRead {}): OptionalJsonBody<MarkRead>,
) -> Result<Response, Refusal> {
    let id = id(&reference)?;
    let told = |marked: &Sent| {
        let read = Notification {
            read: Some(true),
            ..wire::notifications::notification(marked)
        };
        answer(StatusCode::OK, &read)
    };
    let mark = |asked| notifications::mark_read(&plane, asked, id);
    Ok(asking.answered(told, mark).await?)
}
