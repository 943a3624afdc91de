//! Opens a WebSocket, on which the client says who it is.

use crate::caller;
use crate::error::Refusal;
use crate::listen::Peer;
use crate::lobby::Lobby;
use crate::push::{Press, Visitor, accept, converse};
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use portunus_api::ErrorCode;
use portunus_app::{AuthError, CredentialHeaders, Plane, Session};
use std::net::IpAddr;
use std::sync::Arc;

/// Open a WebSocket
///
/// The conversation is described in `docs/push.md`. The credential comes in the first frame, as `Authorization: Bearer`, or in
/// a session's cookie from a page of this plane; never in the address.
#[utoipa::path(
    get,
    path = "/api/v1/push",
    operation_id = "push",
    tag = "push",
    responses((status = 101, description = "The connection is a WebSocket from here on"))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Extension(lobby): Extension<Arc<Lobby>>,
    Extension(press): Extension<Arc<Press>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut head, _) = request.into_parts();
    let upgrade = head.extensions.remove::<OnUpgrade>();
    let accepted = accept(&head.headers, plane.public_url())?;
    if plane.is_draining() {
        let refusal = Refusal::new(ErrorCode::Draining, "the plane is shutting down");
        return Err(refusal.retry_after_ms(1_000));
    }
    let peer = head.extensions.get().map(|Peer(peer)| *peer);
    let session = proven(&plane, &head, peer).await?;
    let Some(upgrade) = upgrade else {
        let detail = "the connection cannot be upgraded: it is no HTTP/1.1";
        return Err(Refusal::new(ErrorCode::UpgradeRequired, detail));
    };
    let visitor = Visitor::new(plane, press, &head.headers, peer, session);
    let guest = lobby.enter();
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => converse(visitor, guest, TokioIo::new(upgraded)).await,
            Err(error) => tracing::debug!(%error, "a WebSocket was not opened"),
        }
    });
    Ok(accepted.into_response())
}

/// Whom the request itself proves, if it brings a credential; it may leave that to the first frame.
async fn proven(
    plane: &Plane,
    head: &Parts,
    peer: Option<IpAddr>,
) -> Result<Option<Session>, Refusal> {
    let in_header = CredentialHeaders::of(&head.headers).credential() != Err(AuthError::Missing);
    if !in_header && caller::session_cookie(&head.headers).is_none() {
        return Ok(None);
    }
    let proof = caller::prove(plane, &head.method, &head.headers, peer).await;
    proof.map(Some)
}
