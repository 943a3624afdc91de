//! Shows a board.

use super::list;
use crate::error::Refusal;
use crate::extract::Named;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::boards::Board;
use portunus_app::Plane;
use portunus_app::messages::boards;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = list::SCOPE;

/// Show a board
#[utoipa::path(
    get,
    path = "/api/v1/boards/{board}",
    operation_id = "show_board",
    tag = "boards",
    params(("board" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The board", body = Board))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Named(reference): Named,
) -> Result<Json<Board>, Refusal> {
    let board = boards::show(&plane, &reference).await;
    let board = board.map_err(Refusal::naming(&reference))?;
    Ok(Json(wire::messages::board(&board)))
}
