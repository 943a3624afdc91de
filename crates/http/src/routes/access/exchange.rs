//! Exchanges a token for an access token, and renews or narrows one.

use crate::extract::OAuthCall;
use crate::oauth_error::OAuthError;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::PRAGMA;
use portunus_api::SecretText;
use portunus_api::access::{TokenRequest, TokenResponse};
use portunus_app::access::{Issued, exchange};
use portunus_app::{AuthError, Plane};
use portunus_core::access::jws::is_access_token;
use portunus_core::scope::ScopeSet;
use portunus_core::secret::Secret;
use std::sync::Arc;

const CLIENT_CREDENTIALS: &str = "client_credentials";
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// Exchange a token for an access token
///
/// `client_credentials` exchanges the client's token. A token exchange takes it as `subject_token`; an access token there
/// is renewed when no scope or the same one is asked for, also within 10 minutes after it expired, and narrowed otherwise.
#[utoipa::path(
    post,
    path = "/api/v1/token",
    operation_id = "exchange_token",
    tag = "access",
    request_body(content(
        (TokenRequest = "application/x-www-form-urlencoded"),
        (TokenRequest = "application/json"),
    )),
    responses(
        (status = 200, description = "An access token of equal or narrower scope", body = TokenResponse),
    )
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    call: OAuthCall,
) -> Result<impl IntoResponse, OAuthError> {
    let grant = call.need("grant_type")?;
    check_target(&plane, &call)?;
    let (credential, issued_type) = match grant {
        CLIENT_CREDENTIALS => (own_token(&plane, &call).await?, None),
        TOKEN_EXCHANGE => (subject(&plane, &call).await?, Some(ACCESS_TOKEN)),
        _ => return Err(OAuthError::unsupported_grant()),
    };
    let wanted = call.get("scope").map(str::parse::<ScopeSet>).transpose();
    let wanted = wanted.map_err(|error| OAuthError::invalid_scope(error.to_string()))?;
    let issued = exchange(&plane, credential, wanted).await;
    let issued = issued.map_err(|error| call.refuse(&plane, error))?;
    Ok(([(PRAGMA, "no-cache")], Json(answer(&issued, issued_type))))
}

fn answer(issued: &Issued, issued_type: Option<&str>) -> TokenResponse {
    TokenResponse {
        access_token: SecretText::new(issued.token.expose().to_owned()),
        token_type: "Bearer".to_owned(),
        expires_in: issued.expires_in_s,
        refresh_in: issued.refresh_in_s,
        scope: issued.scope.to_string(),
        issued_token_type: issued_type.map(str::to_owned),
    }
}

/// Access tokens are for the plane that issues them.
fn check_target(plane: &Plane, call: &OAuthCall) -> Result<(), OAuthError> {
    let named = [call.get("audience"), call.get("resource")];
    let is_other = named
        .into_iter()
        .flatten()
        .any(|name| name != plane.issuer());
    if is_other {
        return Err(OAuthError::invalid_target());
    }
    Ok(())
}

/// The client's own token.
async fn own_token(plane: &Plane, call: &OAuthCall) -> Result<Secret, OAuthError> {
    let client = call.client().ok_or_else(OAuthError::no_client)?;
    if is_access_token(client.secret.expose()) {
        return Err(OAuthError::invalid_request(
            "an access token is renewed or narrowed by a token exchange, as subject_token",
        ));
    }
    call.recognise(plane).await?;
    Ok(client.secret.clone())
}

/// The token that is to be exchanged. A client that says who it is must be its owner.
async fn subject(plane: &Plane, call: &OAuthCall) -> Result<Secret, OAuthError> {
    let subject = Secret::new(call.need("subject_token")?.to_owned());
    let kinds = [
        Some(call.need("subject_token_type")?),
        call.get("requested_token_type"),
    ];
    if kinds
        .into_iter()
        .flatten()
        .any(|kind| kind != ACCESS_TOKEN && kind != JWT)
    {
        return Err(OAuthError::invalid_request(
            "the token types are access_token and jwt of urn:ietf:params:oauth:token-type",
        ));
    }
    if call.get("actor_token").is_some() {
        return Err(OAuthError::invalid_request(
            "acting for somebody else is not served: leave actor_token out",
        ));
    }
    if let Some(client) = call.client()
        && client.secret.expose() != subject.expose()
    {
        let session = call.recognise(plane).await?;
        if plane.owner_of(subject.expose()) != Some(session.principal) {
            return Err(OAuthError::invalid_grant(AuthError::Unknown.to_string()));
        }
    }
    call.look_for(plane, subject.expose()).await?;
    Ok(subject)
}
