//! Creates an agent; its token is answered here and never again.

use crate::error::Refusal;
use crate::extract::expiry::{Wanted, expiry};
use crate::extract::{Asking, JsonBody};
use crate::guard::hold;
use crate::once::answer_with_secret;
use crate::router::KnownScopes;
use crate::wire;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::agents::{AgentCreated, CreateAgent};
use portunus_app::agents::create::{Created, Naming, Wish};
use portunus_app::{Plane, agents};
use portunus_core::name::{DisplayName, Slug};
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
    asking: Asking,
    Extension(known): Extension<KnownScopes>,
    JsonBody(body): JsonBody<CreateAgent>,
) -> Result<Response, Refusal> {
    let (naming, display_name) = names(&body)?;
    let scopes = match &body.scopes {
        Some(texts) => known.read(texts)?,
        None => ScopeSet::agent(),
    };
    hold(&asking.session, &scopes)?;
    let wanted = Wanted {
        at: body.expires_at.as_deref(),
        in_ms: body.expires_in_ms,
    };
    let wish = Wish {
        naming,
        display_name,
        scopes,
        expires_at: expiry(&plane, &asking.session, wanted)?,
    };
    let expires_at = wish.expires_at;
    let told = move |created: &Created| {
        let answer = wire::agents::created(created, expires_at);
        answer_with_secret(StatusCode::CREATED, &answer)
    };
    let create = |asked| agents::create_with(&plane, asked, wish);
    let created = asking.answered(told, create).await;
    created.map_err(Refusal::naming(body.name.as_deref().unwrap_or_default()))
}

/// The name and the display name that a body asks for; the name may follow from the other one.
fn names(body: &CreateAgent) -> Result<(Naming, Option<DisplayName>), Refusal> {
    let display_name = body.display_name.as_deref().map(display_name).transpose()?;
    if let Some(name) = &body.name {
        let name = name.parse().map_err(|error| {
            let fix = Slug::suggested_by(name).map_or_else(
                || "choose a name like mayor-2".to_owned(),
                |like| format!("write {like}, or give the text as display_name"),
            );
            Refusal::new(ErrorCode::InvalidBody, format!("the field name {error}")).fix(fix)
        })?;
        return Ok((Naming::Exactly(name), display_name));
    }
    let Some(told) = &display_name else {
        return Err(
            Refusal::new(ErrorCode::InvalidBody, "the field name is missing")
                .fix("give a name like mayor-2, or a display_name that it can be made of"),
        );
    };
    let name = Slug::suggested_by(told.as_str()).ok_or_else(|| {
        let detail = "the field name is missing, and the display_name has no letter for it";
        Refusal::new(ErrorCode::InvalidBody, detail).fix("give a name like night-watch as well")
    })?;
    Ok((Naming::Like(name), display_name))
}

/// A display name that a body asks for.
pub(crate) fn display_name(text: &str) -> Result<DisplayName, Refusal> {
    text.parse().map_err(|error| {
        let detail = format!("the field display_name {error}");
        Refusal::new(ErrorCode::InvalidBody, detail).fix("choose a name like Night Watch")
    })
}
