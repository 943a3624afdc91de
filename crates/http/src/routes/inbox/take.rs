//! Takes messages out of one's own inbox, or waits for them.

use crate::error::Refusal;
use crate::extract::{Actor, Params};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::messages::{InboxItem, InboxQuery};
use portunus_api::{ErrorCode, List};
use portunus_app::Plane;
use portunus_app::messages::inbox::{self, LONGEST_WAIT_MS, Wanted};
use portunus_core::message::terms::{LONGEST_VISIBILITY_MS, SHORTEST_VISIBILITY_MS, VISIBILITY_MS};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = inbox::READ;

/// Messages at once when nobody says.
const USUAL: u32 = 20;
/// Most of them.
const MOST: u32 = 100;

/// Take messages out of your inbox
///
/// Oldest first. What is answered is `delivered` and hidden from the next reader for `visibility_ms`; acknowledge it within
/// that time, or it is handed out again, ten times in all. With `wait_ms` an empty inbox is answered when something came or
/// the time is over.
#[utoipa::path(
    get,
    path = "/api/v1/inbox",
    operation_id = "take_inbox",
    tag = "inbox",
    params(InboxQuery),
    responses((status = 200, description = "Messages with their deliveries; never another page", body = List<InboxItem>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Params(query): Params<InboxQuery>,
) -> Result<Json<List<InboxItem>>, Refusal> {
    let limit = u64::from(query.limit.unwrap_or(USUAL));
    let wanted = Wanted {
        limit: u32::try_from(within("limit", limit, 1, MOST.into())?).unwrap_or(MOST),
        wait_ms: within("wait_ms", query.wait_ms.unwrap_or(0), 0, LONGEST_WAIT_MS)?,
        visibility_ms: within(
            "visibility_ms",
            query.visibility_ms.unwrap_or(VISIBILITY_MS),
            SHORTEST_VISIBILITY_MS,
            LONGEST_VISIBILITY_MS,
        )?,
    };
    let taken = inbox::take(&plane, &session, wanted).await?;
    Ok(Json(List {
        items: taken
            .iter()
            .map(|(message, delivery)| wire::messages::inbox_item(message, delivery))
            .collect(),
        next_cursor: None,
    }))
}

fn within(name: &str, value: u64, least: u64, most: u64) -> Result<u64, Refusal> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    let detail = format!("{name} must be {least} to {most}");
    Err(Refusal::new(ErrorCode::InvalidParameter, detail))
}
