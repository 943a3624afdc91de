//! Ends a token, or the whole family of an access token.

use crate::extract::OAuthCall;
use crate::oauth_error::OAuthError;
use axum::extract::State;
use http::StatusCode;
use portunus_api::access::PresentedToken;
use portunus_app::Plane;
use portunus_app::access::revoke;
use portunus_core::secret::Secret;
use std::sync::Arc;

/// End a token
///
/// Of an access token the whole family ends, and all that was narrowed from it. Everybody may end their own, and who holds
/// `tokens.revoke` all but those of operators who hold more. One that is worth nothing has ended already.
#[utoipa::path(
    post,
    path = "/api/v1/token/revoke",
    operation_id = "revoke_presented_token",
    tag = "access",
    request_body(content(
        (PresentedToken = "application/x-www-form-urlencoded"),
        (PresentedToken = "application/json"),
    )),
    responses(
        (status = 200, description = "It has ended (RFC 7009)"),
    )
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    call: OAuthCall,
) -> Result<StatusCode, OAuthError> {
    let session = call.prove(&plane).await?;
    let token = Secret::new(call.need("token")?.to_owned());
    revoke(&plane, &session, token).await?;
    Ok(StatusCode::OK)
}
