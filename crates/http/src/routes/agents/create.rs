//! Creates an agent; its token is answered here and never again.

use crate::error::Refusal;
use crate::extract::{Actor, JsonBody};
use crate::guard::hold;
use crate::router::KnownScopes;
use crate::wire;
use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use portunus_api::agents::{AgentCreated, CreateAgent};
use portunus_api::{ErrorCode, SecretText};
use portunus_app::{Plane, agents};
use portunus_core::scope::{Scope, ScopeSet};
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "agents",
    verb: "create",
};

/// Create an agent
#[utoipa::path(
    post,
    path = "/api/v1/agents",
    operation_id = "create_agent",
    tag = "agents",
    request_body = CreateAgent,
    responses((status = 201, description = "The agent and its token, shown once", body = AgentCreated))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Extension(known): Extension<KnownScopes>,
    JsonBody(body): JsonBody<CreateAgent>,
) -> Result<(StatusCode, Json<AgentCreated>), Refusal> {
    let name = body.name.parse().map_err(|error| {
        Refusal::new(ErrorCode::InvalidBody, format!("the field name {error}"))
            .fix("choose a name like mayor-2")
    })?;
    let scopes = match &body.scopes {
        Some(texts) => known.read(texts)?,
        None => ScopeSet::agent(),
    };
    hold(&session, &scopes)?;
    let created = agents::create_with(&plane, session.principal, name, scopes).await;
    let created = created.map_err(Refusal::naming(&body.name))?;
    let answer = AgentCreated {
        agent: wire::agents::agent(&created.agent),
        token: SecretText::new(created.token.expose().to_owned()),
        kid: created.kid.to_string(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
