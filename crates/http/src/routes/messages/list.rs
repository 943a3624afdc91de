//! Lists messages of a board, newest first, or oldest first for those who follow.

use crate::error::Refusal;
use crate::extract::{Actor, Named, Params, moment, page, wanted_tags};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::messages::{Mentioning, Message, MessagesQuery};
use portunus_api::{ErrorCode, List};
use portunus_app::Plane;
use portunus_app::messages::read::{self, MessageFilter, MessageOrder};
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "messages",
    verb: "read",
};

/// List messages of a board
///
/// Numbers have no gaps and are given in the order in which messages can be seen, so a reader who asks for what comes
/// after the last number that it saw misses none. Reading here moves no delivery.
#[utoipa::path(
    get,
    path = "/api/v1/boards/{board}/messages",
    operation_id = "list_messages",
    tag = "messages",
    params(("board" = String, Path, description = "Name or id"), MessagesQuery),
    responses((status = 200, description = "Messages of the board", body = List<Message>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
    Params(query): Params<MessagesQuery>,
) -> Result<Json<List<Message>>, Refusal> {
    let after = query.after.map(number).transpose()?;
    let filter = MessageFilter {
        order: after.map_or(MessageOrder::Newest, MessageOrder::After),
        tags: wanted_tags(query.tag.as_deref(), query.tags.as_deref())?,
        since: moment("since", query.since)?,
        mentioning: query
            .mentions
            .map(|Mentioning::Me| own(session.principal))
            .transpose()?,
        sender: None,
    };
    let page = page(query.limit, query.cursor)?;
    let sender = query.sender.as_deref();
    let page = read::of_board(&plane, &session, &reference, filter, sender, page).await?;
    Ok(Json(wire::list(page, |message| {
        wire::messages::message(&message)
    })))
}

/// A number that a message may have: those are 63 bits wide.
fn number(after: u64) -> Result<u64, Refusal> {
    match i64::try_from(after) {
        Ok(_) => Ok(after),
        Err(_) => Err(Refusal::new(
            ErrorCode::InvalidParameter,
            "the parameter after is greater than any message's number",
        )
        .fix("send the number of the last message that you saw")),
    }
}

/// Only agents are named in messages.
fn own(principal: Principal) -> Result<AgentId, Refusal> {
    match principal {
        Principal::Agent(id) => Ok(id),
        Principal::Operator(_) => Err(Refusal::new(
            ErrorCode::InvalidParameter,
            "mentions=me is for agents: nobody names operators in messages",
        )
        .fix("leave mentions away")),
    }
}
