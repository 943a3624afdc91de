//! Ends a token at once.

use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::once::answer;
use crate::routes::force;
use crate::wire::time::rfc3339;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::tokens::{RevokeToken, TokenRevoked};
use portunus_app::{Plane, operators, tokens};
use portunus_core::scope::Scope;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "tokens",
    verb: "revoke",
};

/// Revoke a token
///
/// The next request with it is refused, and its open streams end. Was it a successor that nobody used, then its
/// predecessor is the active token again. The last token of an operator stays unless `force` is true.
#[utoipa::path(
    post,
    path = "/api/v1/tokens/{kid}/revoke",
    operation_id = "revoke_token",
    tag = "tokens",
    params(("kid" = String, Path, description = "Public handle of the token")),
    request_body = Option<RevokeToken>,
    responses((status = 200, description = "When it ended", body = TokenRevoked))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(kid): Named,
    OptionalJsonBody(body): OptionalJsonBody<RevokeToken>,
) -> Result<Response, Refusal> {
    let kid: Kid = kid.parse().map_err(|_| {
        Refusal::new(ErrorCode::NotFound, "no token has this kid")
            .fix("use a kid of 22 characters from `portunus tokens list`")
    })?;
    operators::may_end_token(&plane, &asking.session, kid)?;
    let told = move |at: &Timestamp| {
        let revoked = TokenRevoked {
            kid: kid.to_string(),
            revoked_at: rfc3339(*at),
        };
        answer(StatusCode::OK, &revoked)
    };
    let revoke = |asked| tokens::revoke(&plane, asked, kid, force(body.force));
    Ok(asking.answered(told, revoke).await?)
}
