//! Lists paired devices by name.

use crate::error::Refusal;
use crate::extract::{Actor, Params};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::devices::Device;
use portunus_api::sessions::WhoseQuery;
use portunus_app::Plane;
use portunus_app::sessions::devices;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "devices",
    verb: "list",
};

/// List devices
///
/// One's own; another operator's need `operators.update` too. There are at most 100, in one page.
#[utoipa::path(
    get,
    path = "/api/v1/devices",
    operation_id = "list_devices",
    tag = "devices",
    params(WhoseQuery),
    responses((status = 200, description = "Paired devices by name", body = List<Device>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Params(query): Params<WhoseQuery>,
) -> Result<Json<List<Device>>, Refusal> {
    let paired = devices::list(&plane, &session, query.operator.as_deref()).await?;
    let shown = paired
        .iter()
        .map(|device| wire::sessions::device(&plane, device));
    Ok(Json(List {
        items: shown.collect(),
        next_cursor: None,
    }))
}
