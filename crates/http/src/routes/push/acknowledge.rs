//! Acknowledges events that were told as server-sent events.

use crate::error::Refusal;
use crate::extract::{Actor, JsonBody};
use axum::Json;
use axum::extract::State;
use portunus_api::ErrorCode;
use portunus_api::push::{Ack, Acked};
use portunus_app::Plane;
use portunus_core::ids::ConnectionId;
use std::sync::Arc;

/// Acknowledge events
///
/// All up to and with `seq`, on a connection of one's own. A second time changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/push/ack",
    operation_id = "acknowledge_events",
    tag = "push",
    request_body = Ack,
    responses((status = 200, description = "Up to which event all are acknowledged", body = Acked))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    JsonBody(body): JsonBody<Ack>,
) -> Result<Json<Acked>, Refusal> {
    let id = body.connection.as_deref().unwrap_or_default().parse();
    let id: ConnectionId = id.map_err(|error| {
        let detail = format!("the field connection: {error}");
        Refusal::new(ErrorCode::InvalidBody, detail).fix("give the connection that hello named")
    })?;
    match plane.push().acknowledge(session.principal, id, body.seq) {
        None => Err(Refusal::new(
            ErrorCode::NotFound,
            "no open connection of yours has this id",
        )
        .fix("connect again with the cursor of the last event that you have")),
        Some(sent) if body.seq > sent => {
            let detail = format!("the field seq: the last event that was sent is {sent}");
            Err(Refusal::new(ErrorCode::InvalidBody, detail).fix("acknowledge what came"))
        }
        Some(_) => Ok(Json(Acked {
            acknowledged: body.seq,
        })),
    }
}
