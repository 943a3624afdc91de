//! Writes a message to a board.

use super::{wish, written};
use crate::error::Refusal;
use crate::extract::{Asking, JsonBody, Named};
use axum::extract::State;
use axum::response::Response;
use portunus_api::messages::{MessageWritten, WriteMessage};
use portunus_app::Plane;
use portunus_app::messages::append;
use portunus_app::messages::append::Address;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "messages",
    verb: "append",
};

/// Write to a board
///
/// It is queued for whom its text names, and on a chat for every agent. Nobody who reads is waited for.
#[utoipa::path(
    post,
    path = "/api/v1/boards/{board}/messages",
    operation_id = "write_to_board",
    tag = "messages",
    params(("board" = String, Path, description = "Name or id")),
    request_body = WriteMessage,
    responses((status = 201, description = "The message as it stands", body = MessageWritten))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    JsonBody(body): JsonBody<WriteMessage>,
) -> Result<Response, Refusal> {
    let wish = wish(Address::Board(reference), body)?;
    let append = |asked| append(&plane, asked, wish);
    let written = asking.answered_by_rank(written, append).await;
    Ok(written?)
}
