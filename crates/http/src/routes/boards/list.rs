//! Lists boards by name.

use crate::error::Refusal;
use crate::extract::{Params, page, wanted_tags};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::boards::{Board, BoardsQuery};
use portunus_app::Plane;
use portunus_app::messages::boards;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "boards",
    verb: "read",
};

/// List boards
///
/// `?tag=chat` and `?tags=chat` mean the same: the boards that are chats.
#[utoipa::path(
    get,
    path = "/api/v1/boards",
    operation_id = "list_boards",
    tag = "boards",
    params(BoardsQuery),
    responses((status = 200, description = "Boards by name", body = List<Board>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<BoardsQuery>,
) -> Result<Json<List<Board>>, Refusal> {
    let tags = wanted_tags(query.tag.as_deref(), query.tags.as_deref())?;
    let page = boards::list(&plane, &tags, page(query.limit, query.cursor)?).await?;
    Ok(Json(wire::list(page, |board| {
        wire::messages::board(&board)
    })))
}
