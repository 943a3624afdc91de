//! Says who the credential proves.

use crate::extract::Actor;
use crate::wire::time::rfc3339;
use axum::Json;
use axum::extract::State;
use portunus_api::tokens::PrincipalKind;
use portunus_api::whoami::WhoAmI;
use portunus_app::Plane;
use portunus_core::agent::Principal;
use portunus_core::scope::Scope;
use std::sync::Arc;

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
pub(crate) async fn handle(State(plane): State<Arc<Plane>>, Actor(session): Actor) -> Json<WhoAmI> {
    let (kind, id) = match session.principal {
        Principal::Agent(id) => (PrincipalKind::Agent, id.to_string()),
        Principal::Operator(id) => (PrincipalKind::Operator, id.to_string()),
    };
    let names = plane.names_of(session.principal);
    let display_name = names.and_then(|names| names.display);
    Json(WhoAmI {
        kind,
        id,
        name: session.name().to_string(),
        display_name: display_name.map(|name| name.to_string()),
        kid: session.kid.to_string(),
        scopes: session
            .grants()
            .patterns()
            .map(ToString::to_string)
            .collect(),
        expires_at: session.expires_at().map(rfc3339),
    })
}
