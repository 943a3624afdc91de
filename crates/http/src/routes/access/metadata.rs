//! Tells OAuth clients where the endpoints are (RFC 8414).

use super::exchange::TOKEN_EXCHANGE;
use crate::error::Refusal;
use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use http::header::HOST;
use http::uri::Authority;
use portunus_api::ErrorCode;
use portunus_api::access::ServerMetadata;
use portunus_app::Plane;
use std::sync::Arc;

/// Metadata for OAuth clients
///
/// Without `public_url` in the configuration the endpoints are named as the request named the plane.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    operation_id = "oauth_metadata",
    tag = "access",
    responses((status = 200, description = "Where the OAuth endpoints are", body = ServerMetadata))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    headers: HeaderMap,
) -> Result<Json<ServerMetadata>, Refusal> {
    let base = match plane.public_url() {
        Some(url) => url.to_owned(),
        None => format!("http://{}", host(&headers)?),
    };
    let at = |path: &str| format!("{base}{path}");
    let own = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let methods = own(&["client_secret_basic", "client_secret_post"]);
    Ok(Json(ServerMetadata {
        issuer: plane.issuer().to_owned(),
        token_endpoint: at("/api/v1/token"),
        jwks_uri: at("/.well-known/jwks.json"),
        introspection_endpoint: at("/api/v1/token/introspect"),
        revocation_endpoint: at("/api/v1/token/revoke"),
        token_endpoint_auth_methods_supported: methods.clone(),
        introspection_endpoint_auth_methods_supported: methods.clone(),
        revocation_endpoint_auth_methods_supported: methods,
        grant_types_supported: own(&["client_credentials", TOKEN_EXCHANGE]),
        response_types_supported: Vec::new(),
        service_documentation: at("/openapi.json"),
    }))
}

/// The plane as the request names it.
fn host(headers: &HeaderMap) -> Result<Authority, Refusal> {
    let value = headers.get(HOST).and_then(|value| value.to_str().ok());
    let host = value.and_then(|host| host.parse::<Authority>().ok());
    host.filter(|host| !host.as_str().contains('@'))
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::BadRequest,
                "the Host header does not name the plane",
            )
        })
}
