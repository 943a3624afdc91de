//! Creates a board.

use crate::error::Refusal;
use crate::extract::{Asking, JsonBody, given_tags, with_chat};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::boards::{Board, CreateBoard};
use portunus_app::Plane;
use portunus_app::messages::boards;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "boards",
    verb: "create",
};

/// Create a board
#[utoipa::path(
    post,
    path = "/api/v1/boards",
    operation_id = "create_board",
    tag = "boards",
    request_body = CreateBoard,
    responses((status = 201, description = "The board", body = Board))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    JsonBody(body): JsonBody<CreateBoard>,
) -> Result<Response, Refusal> {
    let name = body.name.parse().map_err(|error| {
        Refusal::new(ErrorCode::InvalidBody, format!("the field name {error}"))
            .fix("choose a name like town-hall")
    })?;
    let tags = given_tags(body.tags.as_deref().unwrap_or_default())?;
    let tags = with_chat(tags, body.is_chat)?;
    let description = body.description.unwrap_or_default();
    let told = |board: &_| answer(StatusCode::CREATED, &wire::messages::board(board));
    let create = |asked| boards::create(&plane, asked, name, description, tags);
    let created = asking.answered(told, create).await;
    created.map_err(Refusal::naming(&body.name))
}
