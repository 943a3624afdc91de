//! Changes what an operator may do.

use super::authority;
use crate::error::Refusal;
use crate::extract::{Asking, JsonBody, Named};
use crate::once::answer;
use crate::router::KnownScopes;
use crate::routes::force;
use crate::wire;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::StatusCode;
use portunus_api::operators::{Operator, UpdateOperator};
use portunus_app::{Plane, operators};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "operators",
    verb: "update",
};

/// Change what an operator may do
///
/// Role and scopes together replace what there was. It counts at once, for every credential of the operator; access tokens
/// end. Nobody gives or takes away what they do not hold.
#[utoipa::path(
    patch,
    path = "/api/v1/operators/{operator}",
    operation_id = "update_operator",
    tag = "operators",
    params(("operator" = String, Path, description = "Name or id")),
    request_body = UpdateOperator,
    responses((status = 200, description = "The operator as it is now", body = Operator))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    Extension(known): Extension<KnownScopes>,
    JsonBody(body): JsonBody<UpdateOperator>,
) -> Result<Response, Refusal> {
    let naming = Refusal::naming(&reference);
    let authority = authority::read(body.role, body.scopes.as_deref(), &known)?;
    let force = force(body.force);
    let told = |operator: &_| answer(StatusCode::OK, &wire::operators::operator(operator));
    let update = |asked| operators::update(&plane, asked, reference, authority, force);
    let updated = asking.answered_by_rank(told, update).await;
    updated.map_err(naming)
}
