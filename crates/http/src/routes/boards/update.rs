//! Changes what a board is for, and its tags.

use crate::error::Refusal;
use crate::extract::{Asking, JsonBody, Named, given_tags, with_chat};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::boards::{Board, UpdateBoard};
use portunus_app::Plane;
use portunus_app::messages::boards::{self, BoardChange};
use portunus_core::message::{CHAT, Tags};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "boards",
    verb: "update",
};

/// Change a board
///
/// Its name stays. Once it is a chat, what is written from then on is delivered to every agent.
#[utoipa::path(
    patch,
    path = "/api/v1/boards/{board}",
    operation_id = "update_board",
    tag = "boards",
    params(("board" = String, Path, description = "Name or id")),
    request_body = UpdateBoard,
    responses((status = 200, description = "The board as it is now", body = Board))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    JsonBody(body): JsonBody<UpdateBoard>,
) -> Result<Response, Refusal> {
    let told = Refusal::naming(&reference);
    let tags = match (&body.tags, body.is_chat) {
        (Some(tags), is_chat) => Some(with_chat(given_tags(tags)?, is_chat)?),
        (None, Some(is_chat)) => {
            let board = boards::show(&plane, &reference).await;
            let board = board.map_err(Refusal::naming(&reference))?;
            let others = board.tags.iter().map(|tag| tag.as_str());
            let others = Tags::parse(others.filter(|tag| *tag != CHAT));
            Some(with_chat(others.unwrap_or_default(), Some(is_chat))?)
        }
        (None, None) if body.description.is_none() => {
            let detail = "no field is given, so nothing would change";
            return Err(Refusal::new(ErrorCode::InvalidBody, detail)
                .fix("give description, tags or is_chat"));
        }
        (None, None) => None,
    };
    let change = BoardChange {
        description: body.description,
        tags,
    };
    let answered = |board: &_| answer(StatusCode::OK, &wire::messages::board(board));
    let update = |asked| boards::update(&plane, asked, reference, change);
    asking.answered(answered, update).await.map_err(told)
}
