//! Ends every access token of an agent.

use crate::error::Refusal;
use crate::extract::{Actor, Named, OptionalJsonBody};
use axum::Json;
use axum::extract::State;
use portunus_api::access::{AccessRevoked, RevokeAccess};
use portunus_app::Plane;
use portunus_app::access::revoke;
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
    Actor(session): Actor,
    Named(reference): Named,
    OptionalJsonBody(RevokeAccess {}): OptionalJsonBody<RevokeAccess>,
) -> Result<Json<AccessRevoked>, Refusal> {
    let told = Refusal::naming(&reference);
    let raised = revoke::revoke_all(&plane, session.principal, reference).await;
    let raised = raised.map_err(told)?;
    Ok(Json(AccessRevoked {
        agent: raised.agent.to_string(),
        generation: raised.generation,
        families: u64::try_from(raised.families).unwrap_or(u64::MAX),
    }))
}
