//! Issues a successor of an operator's token; it is answered here and never again.

use crate::error::Refusal;
use crate::extract::{Actor, Named, OptionalJsonBody};
pub(crate) use crate::routes::agents::rotate_token::SCOPE;
use crate::routes::agents::rotate_token::terms;
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::tokens::{RotateToken, TokenRotated};
use portunus_app::{Plane, tokens};
use std::sync::Arc;

/// Rotate an operator's token
///
/// Also one's own. The predecessor keeps working until the successor's first use plus the overlap; an overlap of zero
/// ends it at once.
#[utoipa::path(
    post,
    path = "/api/v1/operators/{operator}/tokens/rotate",
    operation_id = "rotate_operator_token",
    tag = "tokens",
    params(("operator" = String, Path, description = "Name or id")),
    request_body = Option<RotateToken>,
    responses((status = 201, description = "The successor, shown once", body = TokenRotated))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
    OptionalJsonBody(body): OptionalJsonBody<RotateToken>,
) -> Result<(http::StatusCode, Json<TokenRotated>), Refusal> {
    let terms = terms(&plane, &session, &body)?;
    let told = Refusal::naming(&reference);
    let rotated = tokens::rotate_operator(&plane, session, reference, terms).await;
    let rotated = wire::tokens::rotated(&plane, rotated.map_err(told)?);
    Ok((http::StatusCode::CREATED, Json(rotated)))
}
