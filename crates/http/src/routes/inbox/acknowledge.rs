//! Acknowledges messages of one's own inbox.

use crate::error::Refusal;
use crate::extract::{Actor, JsonBody};
use axum::Json;
use axum::extract::State;
use portunus_api::ErrorCode;
use portunus_api::messages::{Acknowledge, Acknowledged};
use portunus_app::messages::{AckEffect, acknowledge};
use portunus_app::{Plane, Session};
use portunus_core::ids::MessageId;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "inbox",
    verb: "ack",
};

/// Acknowledge messages
///
/// All of them or none. A message is read once, however often that is said.
#[utoipa::path(
    post,
    path = "/api/v1/inbox/ack",
    operation_id = "acknowledge",
    tag = "inbox",
    request_body = Acknowledge,
    responses((status = 200, description = "What is read now, and what was before", body = Acknowledged))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    JsonBody(body): JsonBody<Acknowledge>,
) -> Result<Json<Acknowledged>, Refusal> {
    carry_out(&plane, &session, &body).await.map(Json)
}

/// The same for whoever says it over a connection that stays open.
pub(crate) async fn carry_out(
    plane: &Arc<Plane>,
    session: &Session,
    body: &Acknowledge,
) -> Result<Acknowledged, Refusal> {
    let ids: Result<Vec<MessageId>, _> = body.messages.iter().map(|id| id.parse()).collect();
    let ids = ids.map_err(|error| {
        Refusal::new(
            ErrorCode::InvalidBody,
            format!("the field messages: {error}"),
        )
        .fix("give the ids of messages that `portunus inbox` (`GET /api/v1/inbox`) answered")
    })?;
    let done = acknowledge(plane, session, ids).await?;
    let of = |effect| {
        let these = done.iter().filter(move |one| one.effect == effect);
        these.map(|one| one.message.to_string()).collect()
    };
    Ok(Acknowledged {
        read: of(AckEffect::Now),
        already_read: of(AckEffect::Before),
    })
}
