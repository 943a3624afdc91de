//! Creates an agent; its token is answered here and never again.

use crate::error::Refusal;
use crate::extract::{Actor, JsonBody, quoted};
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
    let scopes = scopes(body.scopes.as_deref(), &known)?;
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

/// The scopes that a body asks for.
fn scopes(wanted: Option<&[String]>, known: &KnownScopes) -> Result<ScopeSet, Refusal> {
    let Some(texts) = wanted else {
        return Ok(ScopeSet::agent());
    };
    let wrong = |why: String| {
        Refusal::new(ErrorCode::InvalidBody, format!("the field scopes: {why}"))
            .fix("give scopes like llm.call, llm.call:model/claude-haiku-*, self.*")
    };
    let set = ScopeSet::parse(texts.iter().map(String::as_str));
    let set = set.map_err(|error| wrong(error.to_string()))?;
    match known.first_unknown(&set) {
        None => Ok(set),
        Some(unknown) => {
            let name = quoted(&unknown.to_string());
            Err(wrong(format!("nothing asks for {name}")))
        }
    }
}
