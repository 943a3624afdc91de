//! Lists where credentials that failed lately came from.

use crate::error::Refusal;
use crate::extract::{Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::sources::Source;
use portunus_api::{List, PageQuery};
use portunus_app::Plane;
use portunus_app::admission::sources;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "sources",
    verb: "list",
};

/// List sources
///
/// Where credentials came from that failed in the last minute, and whose penalty lasts. It keeps nobody out who has a
/// valid credential.
#[utoipa::path(
    get,
    path = "/api/v1/sources",
    operation_id = "list_sources",
    tag = "sources",
    params(PageQuery),
    responses((status = 200, description = "Sources, in the order of their addresses", body = List<Source>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<PageQuery>,
) -> Result<Json<List<Source>>, Refusal> {
    let page = page(query.limit, query.cursor)?;
    let page = sources::list(&plane, &page)?;
    Ok(Json(wire::list(page, wire::sources::source)))
}
