//! Deletes an operator and ends all that it held.

use crate::error::Refusal;
use crate::extract::{Actor, Named, Params};
use crate::routes::force;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::operators::{DeleteOperatorQuery, OperatorDeleted};
use portunus_app::{Plane, operators};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "operators",
    verb: "delete",
};

/// Delete an operator
///
/// Tokens, sessions, devices and access tokens end at once, on open streams too, and the name is free. The last operator
/// who may administer stays unless `force` is true.
#[utoipa::path(
    delete,
    path = "/api/v1/operators/{operator}",
    operation_id = "delete_operator",
    tag = "operators",
    params(("operator" = String, Path, description = "Name or id"), DeleteOperatorQuery),
    responses((status = 200, description = "The operator as it was", body = OperatorDeleted))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
    Params(query): Params<DeleteOperatorQuery>,
) -> Result<Json<OperatorDeleted>, Refusal> {
    let told = Refusal::naming(&reference);
    let deleted = operators::delete(&plane, session, reference, force(query.force)).await;
    let deleted = deleted.map_err(told)?;
    Ok(Json(OperatorDeleted {
        operator: wire::operators::operator(&deleted.operator),
        revoked: deleted.revoked.iter().map(ToString::to_string).collect(),
    }))
}
