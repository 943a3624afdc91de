//! Ends every access token of an agent.

use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::once::answer;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::access::{AccessRevoked, RevokeAccess};
use portunus_app::Plane;
use portunus_app::access::revoke;
use portunus_app::access::revoke::Raised;
use portunus_app::once::Answer;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = revoke::REVOKE;

/// End every access token of an agent
///
/// Raises the agent's generation; its tokens stay, and can be exchanged anew.
#[utoipa::path(
    post,
    path = "/api/v1/agents/{agent}/access/revoke",
    operation_id = "revoke_access_tokens",
    tag = "access",
    params(("agent" = String, Path, description = "Name or id")),
    request_body = Option<RevokeAccess>,
    responses((status = 200, description = "They have ended", body = AccessRevoked))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(RevokeAccess {}): OptionalJsonBody<RevokeAccess>,
) -> Result<Response, Refusal> {
    let naming = Refusal::naming(&reference);
    let end = |asked| revoke::revoke_all(&plane, asked, reference);
    asking.answered(told, end).await.map_err(naming)
}

fn told(raised: &Raised) -> Answer {
    let ended = AccessRevoked {
        agent: raised.agent.to_string(),
        generation: raised.generation,
        families: u64::try_from(raised.families).unwrap_or(u64::MAX),
    };
    answer(StatusCode::OK, &ended)
}
