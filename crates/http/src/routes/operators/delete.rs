//! Deletes an operator and ends all that it held.

use crate::error::Refusal;
use crate::extract::{Asking, Named, Params};
use crate::once::answer;
use crate::routes::force;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::operators::{DeleteOperatorQuery, OperatorDeleted};
use portunus_app::once::Answer;
use portunus_app::operators::delete::Deleted;
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
    asking: Asking,
    Named(reference): Named,
    Params(query): Params<DeleteOperatorQuery>,
) -> Result<Response, Refusal> {
    let naming = Refusal::naming(&reference);
    let delete = |asked| operators::delete(&plane, asked, reference, force(query.force));
    let deleted = asking.answered_by_rank(told, delete).await;
    deleted.map_err(naming)
}

fn told(deleted: &Deleted) -> Answer {
    let deleted = OperatorDeleted {
        operator: wire::operators::operator(&deleted.operator),
        revoked: deleted.revoked.iter().map(ToString::to_string).collect(),
    };
    answer(StatusCode::OK, &deleted)
}
