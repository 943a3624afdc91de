//! Makes an archived agent a living one; its new token is answered here and never again.

use crate::error::Refusal;
use crate::extract::expiry::{Wanted, expiry};
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::once::answer_with_secret;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::agents::{AgentCreated, RestoreAgent};
use portunus_app::agents::create::Created;
use portunus_app::{Plane, agents};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "agents",
    verb: "restore",
};

/// Restore an archived agent
///
/// Name, id and what it holds are as they were. Its old tokens stay ended; it gets a new one.
#[utoipa::path(
    post,
    path = "/api/v1/agents/{agent}/restore",
    operation_id = "restore_agent",
    tag = "agents",
    params(("agent" = String, Path, description = "Name or id")),
    request_body = Option<RestoreAgent>,
    responses((status = 201, description = "The agent and its token, shown once", body = AgentCreated))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(body): OptionalJsonBody<RestoreAgent>,
) -> Result<Response, Refusal> {
    let told = Refusal::naming(&reference);
    let wanted = Wanted {
        at: body.expires_at.as_deref(),
        in_ms: body.expires_in_ms,
    };
    let expires_at = expiry(&plane, &asking.session, wanted)?;
    let by = asking.session.clone();
    let now = move |restored: &Created| {
        let answer = wire::agents::created(restored, expires_at);
        answer_with_secret(StatusCode::CREATED, &answer)
    };
    let restore = |asked| agents::restore(&plane, by, asked, reference, expires_at);
    asking.answered(now, restore).await.map_err(told)
}
