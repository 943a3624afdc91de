//! Lists what became of a message for each recipient.

use super::{id, list};
use crate::error::Refusal;
use crate::extract::{Actor, Named, Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::messages::Recipient;
use portunus_api::{List, PageQuery};
use portunus_app::Plane;
use portunus_app::messages::read;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = list::SCOPE;

/// List deliveries of a message
///
/// For its sender and for operators.
#[utoipa::path(
    get,
    path = "/api/v1/messages/{message}/deliveries",
    operation_id = "list_deliveries",
    tag = "messages",
    params(("message" = String, Path, description = "Its id"), PageQuery),
    responses((status = 200, description = "Recipients by id", body = List<Recipient>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
    Params(query): Params<PageQuery>,
) -> Result<Json<List<Recipient>>, Refusal> {
    let page = page(query.limit, query.cursor)?;
    let page = read::deliveries(&plane, &session, id(&reference)?, page).await?;
    Ok(Json(wire::list(page, wire::messages::recipient)))
}
