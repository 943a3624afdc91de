//! Issues a successor of an agent's token; it is answered here and never again.

use crate::error::Refusal;
use crate::extract::expiry::{Wanted, expiry};
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::guard::hold;
use crate::once::answer_with_secret;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::tokens::{RotateToken, TokenRotated};
use portunus_app::once::Answer;
use portunus_app::tokens::rotate::{MAX_OVERLAP_MS, Overlap, Rotated, Terms};
use portunus_app::{Plane, Session, agents, tokens};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "tokens",
    verb: "rotate",
};

/// Rotate an agent's token
///
/// The predecessor keeps working until the successor's first use plus the overlap. Rotating again before that
/// replaces the successor and leaves the predecessor, so a lost reply strands nobody. An overlap of zero ends
/// all tokens at once, and all access tokens that came of them. A successor with an end is refused to new requests from then
/// on; what it began runs to its end.
#[utoipa::path(
    post,
    path = "/api/v1/agents/{agent}/tokens/rotate",
    operation_id = "rotate_token",
    tag = "tokens",
    params(("agent" = String, Path, description = "Name or id")),
    request_body = Option<RotateToken>,
    responses((status = 201, description = "The successor, shown once", body = TokenRotated))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(body): OptionalJsonBody<RotateToken>,
) -> Result<Response, Refusal> {
    let terms = terms(&plane, &asking.session, &body)?;
    let naming = Refusal::naming(&reference);
    let agent = agents::show(&plane, &reference).await;
    let agent = agent.map_err(Refusal::naming(&reference))?;
    hold(&asking.session, &agent.scopes)?;
    let rotate = |asked| tokens::rotate(&plane, asked, agent.id.to_string(), terms);
    let rotated = asking.answered(told(&plane), rotate).await;
    rotated.map_err(naming)
}

/// What a rotation is answered with.
pub(crate) fn told(plane: &Arc<Plane>) -> impl Fn(&Rotated) -> Answer + Send + Sync + 'static {
    let plane = Arc::clone(plane);
    move |rotated| {
        let rotated = wire::tokens::rotated(&plane, rotated);
        answer_with_secret(StatusCode::CREATED, &rotated)
    }
}

/// What a body asks for.
pub(crate) fn terms(
    plane: &Plane,
    session: &Session,
    body: &RotateToken,
) -> Result<Terms, Refusal> {
    let wanted = Wanted {
        at: body.expires_at.as_deref(),
        in_ms: body.expires_in_ms,
    };
    Ok(Terms {
        overlap: overlap(body.overlap_ms)?,
        expires_at: expiry(plane, session, wanted)?,
    })
}

/// How long a predecessor works, as a body says it.
pub(crate) fn overlap(millis: Option<u64>) -> Result<Overlap, Refusal> {
    let Some(millis) = millis else {
        return Ok(Overlap::default());
    };
    Overlap::from_millis(millis).ok_or_else(|| {
        let detail = format!("the field overlap_ms must be at most {MAX_OVERLAP_MS}");
        Refusal::new(ErrorCode::InvalidBody, detail)
            .fix("let the predecessor work for 7 days at most")
    })
}
