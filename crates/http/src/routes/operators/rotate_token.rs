//! Issues a successor of an operator's token; it is answered here and never again.

use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
pub(crate) use crate::routes::agents::rotate_token::SCOPE;
use crate::routes::agents::rotate_token::{terms, told};
use axum::extract::State;
use axum::response::Response;
use portunus_api::tokens::{RotateToken, TokenRotated};
use portunus_app::{Plane, tokens};
use std::sync::Arc;

/// Rotate an operator's token
///
/// Also one's own. The predecessor keeps working until the successor's first use plus the overlap; an overlap of zero
/// ends it at once, with all access tokens and sessions that came of it or of an earlier one.
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
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(body): OptionalJsonBody<RotateToken>,
) -> Result<Response, Refusal> {
    let terms = terms(&plane, &asking.session, &body)?;
    let naming = Refusal::naming(&reference);
    let rotate = |asked| tokens::rotate_operator(&plane, asked, reference, terms);
    let rotated = asking.answered_by_rank(told(&plane), rotate).await;
    rotated.map_err(naming)
}
