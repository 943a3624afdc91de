//! Deletes a board.

use crate::error::Refusal;
use crate::extract::{Asking, Named};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::boards::BoardDeleted;
use portunus_app::Plane;
use portunus_app::messages::boards;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "boards",
    verb: "delete",
};

/// Delete a board
///
/// Its name is free. Deliveries of its messages that nobody has read fail with `board_deleted`.
#[utoipa::path(
    delete,
    path = "/api/v1/boards/{board}",
    operation_id = "delete_board",
    tag = "boards",
    params(("board" = String, Path, description = "Name or id")),
    responses((status = 200, description = "The board as it was", body = BoardDeleted))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
) -> Result<Response, Refusal> {
    let told = Refusal::naming(&reference);
    let answered = |board: &_| {
        let board = wire::messages::board(board);
        answer(StatusCode::OK, &BoardDeleted { board })
    };
    let delete = |asked| boards::delete(&plane, asked, reference);
    asking.answered(answered, delete).await.map_err(told)
}
