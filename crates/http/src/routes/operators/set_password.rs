//! Sets an operator's password.

use crate::error::Refusal;
use crate::extract::expiry::lasting;
use crate::extract::{Arrival, Asking, JsonBody, Named};
use crate::once::answer;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::SecretText;
use portunus_api::operators::{PasswordSet, SetPassword};
use portunus_app::Plane;
use portunus_app::once::Answer;
use portunus_app::passwords::{self, Current, NewPassword};
use portunus_core::name::Slug;
use portunus_core::scope::Scope;
use portunus_core::secret::Secret;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "passwords",
    verb: "set",
};

/// Set an operator's password
///
/// One's own; another operator's needs `operators.update` too, and all that the operator holds. The operator's other
/// sessions end. In a session, and with a device's token, one's own is changed only with the current one. Access tokens set none.
#[utoipa::path(
    put,
    path = "/api/v1/operators/{operator}/password",
    operation_id = "set_password",
    tag = "operators",
    params(("operator" = String, Path, description = "Name or id")),
    request_body = SetPassword,
    responses((status = 200, description = "Whose password was set", body = PasswordSet))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    arrival: Arrival,
    JsonBody(body): JsonBody<SetPassword>,
) -> Result<Response, Refusal> {
    let naming = Refusal::naming(&reference);
    let wanted = NewPassword {
        reference,
        password: secret(&body.password),
        current: current(&plane, &arrival, body.current_password.as_ref()),
    };
    lasting(&plane, &asking.session)?;
    let set = |asked| passwords::set(&plane, asked, wanted);
    asking.answered_by_rank(told, set).await.map_err(naming)
}

/// What a body says of the current password.
pub(super) fn current(plane: &Plane, arrival: &Arrival, given: Option<&SecretText>) -> Current {
    Current {
        password: given.map(secret),
        source: arrival.source(plane),
    }
}

fn secret(given: &SecretText) -> Secret {
    Secret::new(given.expose().to_owned())
}

fn told(operator: &Slug) -> Answer {
    let set = PasswordSet {
        operator: operator.to_string(),
    };
    answer(StatusCode::OK, &set)
}
