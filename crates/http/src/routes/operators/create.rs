//! Creates an operator; the token is answered here and never again.

use super::authority;
use crate::error::Refusal;
use crate::extract::expiry::{Wanted, expiry};
use crate::extract::{Actor, JsonBody};
use crate::router::KnownScopes;
use crate::wire;
use crate::wire::time::rfc3339;
use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use portunus_api::operators::{CreateOperator, OperatorCreated, Role};
use portunus_api::{ErrorCode, SecretText};
use portunus_app::{Plane, operators};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "operators",
    verb: "create",
};

/// Create an operator
///
/// Nobody gives more than they hold.
#[utoipa::path(
    post,
    path = "/api/v1/operators",
    operation_id = "create_operator",
    tag = "operators",
    request_body = CreateOperator,
    responses((status = 201, description = "The operator and a token, shown once", body = OperatorCreated))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Extension(known): Extension<KnownScopes>,
    JsonBody(body): JsonBody<CreateOperator>,
) -> Result<(StatusCode, Json<OperatorCreated>), Refusal> {
    let name = body.name.parse().map_err(|error| {
        Refusal::new(ErrorCode::InvalidBody, format!("the field name {error}"))
            .fix("choose a name like ann")
    })?;
    let role = match (body.role, &body.scopes) {
        (None, None) => Some(Role::Viewer),
        (role, _) => role,
    };
    let authority = authority::read(role, body.scopes.as_deref(), &known)?;
    let wanted = Wanted {
        at: body.expires_at.as_deref(),
        in_ms: body.expires_in_ms,
    };
    let expires_at = expiry(&plane, &session, wanted)?;
    let created = operators::create(&plane, session, name, authority, expires_at).await;
    let created = created.map_err(Refusal::naming(&body.name))?;
    let answer = OperatorCreated {
        operator: wire::operators::operator(&created.operator),
        token: SecretText::new(created.token.expose().to_owned()),
        kid: created.kid.to_string(),
        expires_at: expires_at.map(rfc3339),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
