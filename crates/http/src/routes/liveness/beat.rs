//! Takes note of an agent's heartbeat, and renews its access token by the way.

use crate::error::Refusal;
use crate::extract::{Actor, OptionalJsonBody};
use crate::once::KEY;
use crate::wire;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use portunus_api::ErrorCode;
use portunus_api::liveness::{Heartbeat, HeartbeatAnswer};
use portunus_app::Plane;
use portunus_app::access::renew_due;
use portunus_app::liveness::beat::Said;
use portunus_app::liveness::{Beat, beat};
use portunus_core::scope::Scope;
use std::sync::Arc;

/// Agents hold `self.*`. Operators do too, and are refused, because they are people.
pub(crate) const SCOPE: Scope = Scope {
    resource: "self",
    verb: "beat",
};

/// Beat
///
/// Only an agent's own credential beats. Everything else that an agent does with a valid credential is a sign of life too;
/// a heartbeat also says how often it will be heard of. When the request comes with an access token that is due, its
/// successor is in the answer.
#[utoipa::path(
    post,
    path = "/api/v1/heartbeat",
    operation_id = "heartbeat",
    tag = "liveness",
    request_body = Option<Heartbeat>,
    responses((status = 200, description = "How the agent stands, and when to beat again", body = HeartbeatAnswer))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    headers: HeaderMap,
    OptionalJsonBody(body): OptionalJsonBody<Heartbeat>,
) -> Result<impl IntoResponse, Refusal> {
    let heard = beat(&plane, &session, meant(&body)?).await?;
    // An answer under a key is kept for a day, which no token should be.
    let renewed = if headers.contains_key(KEY) {
        None
    } else {
        renew_due(&plane, &session).await
    };
    let answer = wire::liveness::heard(&heard, renewed.as_ref(), plane.now());
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)))
}

/// What the words of a heartbeat mean.
pub(crate) fn meant(body: &Heartbeat) -> Result<Beat, Refusal> {
    let cadence = body.cadence.as_deref().map(str::parse).transpose();
    let cadence = cadence.map_err(|why| {
        Refusal::new(ErrorCode::InvalidBody, format!("the field cadence {why}"))
            .fix("write 45s, 10m, 6h or 1d, up to 30d, or 0 to promise nothing")
    })?;
    let note = match body.note.as_deref() {
        None => Said::Nothing,
        Some("") => Said::Clear,
        Some(text) => Said::Note(text.parse().map_err(|why| {
            Refusal::new(ErrorCode::InvalidBody, format!("the field note {why}"))
                .fix("send one line of at most 280 characters")
        })?),
    };
    Ok(Beat { cadence, note })
}
