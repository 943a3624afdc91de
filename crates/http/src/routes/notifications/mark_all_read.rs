//! Notes that an operator has read every notification.

use super::{id, mark_read};
use crate::error::Refusal;
use crate::extract::{Asking, OptionalJsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::notifications::{AllRead, MarkAllRead};
use portunus_app::notifications::AllRead as Marked;
use portunus_app::{Plane, notifications};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = mark_read::SCOPE;

/// Mark every notification as read
///
/// For operators, each for itself. With `last`, those up to it: what came while you were reading stays unread.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/read",
    operation_id = "mark_all_notifications_read",
    tag = "notifications",
    request_body = Option<MarkAllRead>,
    responses((status = 200, description = "How many are read that were not", body = AllRead))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    OptionalJsonBody(body): OptionalJsonBody<MarkAllRead>,
) -> Result<Response, Refusal> {
    let last = body.last.as_deref().map(id).transpose()?;
    let told = |all: &Marked| answer(StatusCode::OK, &wire::notifications::all_read(*all));
    let mark = |asked| notifications::mark_all_read(&plane, asked, last);
    Ok(asking.answered(told, mark).await?)
}
