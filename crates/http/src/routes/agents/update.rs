//! Changes what an agent is called and what it holds.

use super::create::display_name;
use crate::error::Refusal;
use crate::extract::{Asking, JsonBody, Named};
use crate::once::answer;
use crate::router::KnownScopes;
use crate::wire;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::StatusCode;
use portunus_api::Patch;
use portunus_api::agents::{Agent, UpdateAgent};
use portunus_app::agents::update::{AgentChange, DisplayNameChange, Updated};
use portunus_app::{Plane, agents};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "agents",
    verb: "update",
};

/// Change an agent
///
/// What it holds counts at once, for its tokens as they are. Access tokens that hold more than it does now end, on open
/// streams too.
#[utoipa::path(
    patch,
    path = "/api/v1/agents/{agent}",
    operation_id = "update_agent",
    tag = "agents",
    params(("agent" = String, Path, description = "Name or id")),
    request_body = UpdateAgent,
    responses((status = 200, description = "The agent as it is now", body = Agent))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    Extension(known): Extension<KnownScopes>,
    JsonBody(body): JsonBody<UpdateAgent>,
) -> Result<Response, Refusal> {
    let told = Refusal::naming(&reference);
    let change = AgentChange {
        display_name: match &body.display_name {
            Patch::Keep => DisplayNameChange::Keep,
            Patch::Clear => DisplayNameChange::Clear,
            Patch::Set(text) => DisplayNameChange::Set(display_name(text)?),
        },
        scopes: body
            .scopes
            .as_deref()
            .map(|texts| known.read(texts))
            .transpose()?,
    };
    let by = asking.session.clone();
    let now = |now: &Updated| answer(StatusCode::OK, &wire::agents::agent(&now.agent, &now.life));
    let update = |asked| agents::update(&plane, by, asked, reference, change);
    asking.answered(now, update).await.map_err(told)
}
