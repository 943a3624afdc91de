//! Removes an operator's password.

use super::set_password::current;
use crate::error::Refusal;
use crate::extract::{Arrival, Asking, Named, OptionalJsonBody};
use crate::once::answer;
use crate::routes::force;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::operators::{PasswordRemoved, RemovePassword};
use portunus_app::Plane;
use portunus_app::once::Answer;
use portunus_app::passwords;
use portunus_core::name::Slug;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "passwords",
    verb: "remove",
};

/// Remove an operator's password
///
/// One's own; another operator's needs `operators.update` too, and all that the operator holds. The operator's other
/// sessions end. In a session, with a device's token and with an access token, one's own is removed only with it. The only way in stays unless
/// `force` is true.
#[utoipa::path(
    post,
    path = "/api/v1/operators/{operator}/password/remove",
    operation_id = "remove_password",
    tag = "operators",
    params(("operator" = String, Path, description = "Name or id")),
    request_body = Option<RemovePassword>,
    responses((status = 200, description = "Whose password was removed", body = PasswordRemoved))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    arrival: Arrival,
    OptionalJsonBody(body): OptionalJsonBody<RemovePassword>,
) -> Result<Response, Refusal> {
    let naming = Refusal::naming(&reference);
    let current = current(&plane, &arrival, body.current_password.as_ref());
    let remove = |asked| passwords::remove(&plane, asked, reference, current, force(body.force));
    asking.answered_by_rank(told, remove).await.map_err(naming)
}

fn told(operator: &Slug) -> Answer {
    let removed = PasswordRemoved {
        operator: operator.to_string(),
    };
    answer(StatusCode::OK, &removed)
}
