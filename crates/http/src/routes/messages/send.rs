//! Writes a message to one agent.

use super::{post, wish, written};
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

pub(crate) const SCOPE: Scope = post::SCOPE;

/// Write to an agent
///
/// It is queued in the agent's inbox, and in that of whom its text names. The agent is not waited for.
#[utoipa::path(
    post,
    path = "/api/v1/agents/{agent}/messages",
    operation_id = "write_to_agent",
    tag = "messages",
    params(("agent" = String, Path, description = "Name or id")),
    request_body = WriteMessage,
    responses((status = 201, description = "The message as it stands", body = MessageWritten))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    JsonBody(body): JsonBody<WriteMessage>,
) -> Result<Response, Refusal> {
    let wish = wish(Address::Agent(reference), body)?;
    let append = |asked| append(&plane, asked, wish);
    let written = asking.answered_by_rank(written, append).await;
    Ok(written?)
}
