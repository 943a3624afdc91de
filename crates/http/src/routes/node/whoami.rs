//! Says who the credential proves.

use crate::extract::Actor;
use axum::Json;
use portunus_api::tokens::PrincipalKind;
use portunus_api::whoami::WhoAmI;
use portunus_core::agent::Principal;
use portunus_core::scope::Scope;

/// Agents hold `self.*`, so that they may ask too.
pub(crate) const SCOPE: Scope = Scope {
    resource: "self",
    verb: "show",
};

/// Who am I
#[utoipa::path(
    get,
    path = "/api/v1/whoami",
    operation_id = "whoami",
    tag = "node",
    responses((status = 200, description = "The principal behind the token", body = WhoAmI))
)]
pub(crate) async fn handle(Actor(session): Actor) -> Json<WhoAmI> {
    let (kind, id) = match session.principal {
        Principal::Agent(id) => (PrincipalKind::Agent, id.to_string()),
        Principal::Operator(id) => (PrincipalKind::Operator, id.to_string()),
    };
    Json(WhoAmI {
        kind,
        id,
        name: session.name.to_string(),
        kid: session.kid.to_string(),
        scopes: session
            .grants()
            .patterns()
            .map(ToString::to_string)
            .collect(),
    })
}
