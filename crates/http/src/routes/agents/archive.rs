//! Archives an agent: it keeps its name and has nothing to act with.

use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::agents::{AgentArchived, ArchiveAgent};
use portunus_app::agents::archive::Archived;
use portunus_app::{Plane, agents};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "agents",
    verb: "archive",
};

/// Archive an agent
///
/// Its tokens and access tokens end at once, on open streams too. Its name stays its own, and its history and usage stay.
#[utoipa::path(
    post,
    path = "/api/v1/agents/{agent}/archive",
    operation_id = "archive_agent",
    tag = "agents",
    params(("agent" = String, Path, description = "Name or id")),
    request_body = Option<ArchiveAgent>,
    responses((status = 200, description = "The agent, and what ended", body = AgentArchived))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(ArchiveAgent {}): OptionalJsonBody<ArchiveAgent>,
) -> Result<Response, Refusal> {
    let told = Refusal::naming(&reference);
    let now = |archived: &Archived| {
        let revoked = archived.revoked.iter();
        let archived = AgentArchived {
            agent: wire::agents::agent(&archived.agent, &archived.life),
            revoked: revoked.map(ToString::to_string).collect(),
        };
        answer(StatusCode::OK, &archived)
    };
    let archive = |asked| agents::archive(&plane, asked, reference);
    asking.answered(now, archive).await.map_err(told)
}
