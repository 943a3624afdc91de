//! Lists notifications, newest first, or oldest first for those who follow.

use crate::error::Refusal;
use crate::extract::{Actor, Params, moment, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::notifications::{Notification, NotificationsQuery};
use portunus_api::{ErrorCode, List};
use portunus_app::notifications::{self, NotificationFilter, NotificationOrder};
use portunus_app::{Plane, Session};
use portunus_core::agent::Principal;
use portunus_core::notification::{Priority, ReadState};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "notifications",
    verb: "read",
};

/// List notifications
///
/// Numbers are given in the order in which notifications can be seen, so a reader who asks for what comes after the last
/// number that it saw misses none. Looking marks nothing as read.
#[utoipa::path(
    get,
    path = "/api/v1/notifications",
    operation_id = "list_notifications",
    tag = "notifications",
    params(NotificationsQuery),
    responses((status = 200, description = "Notifications", body = List<Notification>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Params(query): Params<NotificationsQuery>,
) -> Result<Json<List<Notification>>, Refusal> {
    let after = query.after.map(number).transpose()?;
    let state = query.read.map(|read| match read {
        true => ReadState::Read,
        false => ReadState::Unread,
    });
    if state.is_some() {
        must_be_operator(&session)?;
    }
    let filter = NotificationFilter {
        order: after.map_or(NotificationOrder::Newest, NotificationOrder::After),
        least: query
            .min_priority
            .map_or(Priority::Low, wire::notifications::meant),
        source: None,
        since: moment("since", query.since)?,
        state,
    };
    let page = page(query.limit, query.cursor)?;
    let agent = query.agent.as_deref();
    let page = notifications::list(&plane, &session, filter, agent, page).await?;
    Ok(Json(wire::list(page, wire::notifications::noticed)))
}

/// A number that a notification may have: those are 63 bits wide.
fn number(after: u64) -> Result<u64, Refusal> {
    match i64::try_from(after) {
        Ok(_) => Ok(after),
        Err(_) => Err(Refusal::new(
            ErrorCode::InvalidParameter,
            "the parameter after is greater than any notification's number",
        )
        .fix("send the number of the last notification that you saw")),
    }
}

/// Only operators have read something or not.
fn must_be_operator(session: &Session) -> Result<(), Refusal> {
    match session.principal {
        Principal::Operator(_) => Ok(()),
        Principal::Agent(_) => Err(Refusal::new(
            ErrorCode::InvalidParameter,
            "the parameter read is for operators: agents have read nothing",
        )
        .fix("leave read away")),
    }
}
