//! Recognises a token of another system by whose it is, once.

use crate::error::Refusal;
use crate::extract::JsonBody;
use crate::listen::Peer;
use axum::Json;
use axum::extract::{Extension, State};
use http::HeaderMap;
use portunus_api::import::{TokenUpgraded, UpgradeToken};
use portunus_app::{Plane, imported};
use portunus_core::secret::Secret;
use std::sync::Arc;

/// Upgrade an imported token
///
/// For a token of which only a salted hash without a prefix was imported. It is looked at once, slowly and behind the penalty of
/// its source; from then on it works like any other token. Repeating it changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/token/upgrade",
    operation_id = "upgrade_token",
    tag = "access",
    request_body = UpgradeToken,
    responses((status = 200, description = "The token works from now on", body = TokenUpgraded))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<UpgradeToken>,
) -> Result<Json<TokenUpgraded>, Refusal> {
    let peer = peer.map(|Extension(Peer(peer))| peer);
    let token = Secret::new(body.token.expose().to_owned());
    let upgraded = imported::upgrade(&plane, &body.agent, &token, (&headers, peer)).await;
    let session = upgraded?;
    Ok(Json(TokenUpgraded {
        agent: session.name().to_string(),
        kid: session.kid.to_string(),
    }))
}
