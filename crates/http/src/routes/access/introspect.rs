//! Tells what a token or an access token is worth.

use crate::extract::OAuthCall;
use crate::oauth_error::OAuthError;
use axum::Json;
use axum::extract::State;
use portunus_api::access::{Introspection, PresentedToken};
use portunus_app::Plane;
use portunus_app::access::{Introspected, introspect};
use portunus_core::access::claims::subject_text;
use std::sync::Arc;

/// What is a token worth
///
/// Everybody may ask about their own, and who holds `tokens.introspect` about all; of others' they learn `active: false`.
#[utoipa::path(
    post,
    path = "/api/v1/token/introspect",
    operation_id = "introspect_token",
    tag = "access",
    request_body(content(
        (PresentedToken = "application/x-www-form-urlencoded"),
        (PresentedToken = "application/json"),
    )),
    responses(
        (status = 200, description = "What it is worth now (RFC 7662)", body = Introspection),
    )
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    call: OAuthCall,
) -> Result<Json<Introspection>, OAuthError> {
    let session = call.prove(&plane).await?;
    let found = introspect(&plane, &session, call.need("token")?).await;
    let found = found.map_err(OAuthError::bad_client)?;
    Ok(Json(found.map_or_else(Introspection::default, |found| {
        told(&plane, &found)
    })))
}

fn told(plane: &Plane, found: &Introspected) -> Introspection {
    let owner = subject_text(found.principal);
    let access = found.access;
    let issuer = access.map(|_| plane.issuer().to_owned());
    Introspection {
        active: true,
        scope: Some(found.scope.to_string()),
        sub: Some(owner.clone()),
        client_id: Some(owner),
        username: Some(found.name.to_string()),
        token_type: Some("Bearer".to_owned()),
        aud: issuer.clone(),
        iss: issuer,
        jti: Some(found.kid.to_string()),
        iat: access.map(|access| access.issued_at.as_millis() / 1000),
        exp: found.expires_at.map(|end| end.as_millis() / 1000),
        fam: access.map(|access| access.family.to_string()),
        r#gen: access.map(|access| access.generation),
    }
}
