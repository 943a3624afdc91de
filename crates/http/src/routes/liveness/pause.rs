//! Pauses an agent, so that its silence alarms nobody.

use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::agents::Agent;
use portunus_api::liveness::WatchAgent;
use portunus_app::Plane;
use portunus_app::liveness::watch::{Watched, watch};
use portunus_core::liveness::Watch;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "agents",
    verb: "pause",
};

/// Pause an agent
///
/// Nobody waits for it and its silence alarms nobody. It may go on working.
#[utoipa::path(
    post,
    path = "/api/v1/agents/{agent}/pause",
    operation_id = "pause_agent",
    tag = "liveness",
    params(("agent" = String, Path, description = "Name or id")),
    request_body = Option<WatchAgent>,
    responses((status = 200, description = "The agent as it is then", body = Agent))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(WatchAgent {}): OptionalJsonBody<WatchAgent>,
) -> Result<Response, Refusal> {
    let told = Refusal::naming(&reference);
    let shown = |watched: &Watched| {
        let agent = wire::agents::agent(&watched.agent, &watched.life);
        answer(StatusCode::OK, &agent)
    };
    let change = |asked| watch(&plane, asked, reference, Watch::Paused);
    asking.answered(shown, change).await.map_err(told)
}
