//! Creates an operator; the token is answered here and never again.

use super::authority;
use crate::error::Refusal;
use crate::extract::expiry::{Wanted, expiry};
use crate::extract::{Asking, JsonBody};
use crate::once::answer_with_secret;
use crate::router::KnownScopes;
use crate::wire;
use crate::wire::time::rfc3339;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::StatusCode;
use portunus_api::operators::{CreateOperator, OperatorCreated, Role};
use portunus_api::{ErrorCode, SecretText};
use portunus_app::operators::create::Created;
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
    asking: Asking,
    Extension(known): Extension<KnownScopes>,
    JsonBody(body): JsonBody<CreateOperator>,
) -> Result<Response, Refusal> {
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
    let expires_at = expiry(&plane, &asking.session, wanted)?;
    let told = move |created: &Created| {
        let created = OperatorCreated {
            operator: wire::operators::operator(&created.operator),
            token: SecretText::new(created.token.expose().to_owned()),
            kid: created.kid.to_string(),
            expires_at: expires_at.map(rfc3339),
        };
        answer_with_secret(StatusCode::CREATED, &created)
    };
    let create = |asked| operators::create(&plane, asked, name, authority, expires_at);
    let created = asking.answered_by_rank(told, create).await;
    created.map_err(Refusal::naming(&body.name))
}
