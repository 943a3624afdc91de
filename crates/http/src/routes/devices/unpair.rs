//! Unpairs a device.

use crate::error::Refusal;
use crate::extract::{Actor, Named};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::devices::DeviceUnpaired;
use portunus_app::Plane;
use portunus_app::sessions::devices;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "devices",
    verb: "unpair",
};

/// Unpair a device
///
/// Its token and the sessions that came of it end at once. One's own; another operator's needs `operators.update` too, and
/// all that the operator holds.
#[utoipa::path(
    delete,
    path = "/api/v1/devices/{device}",
    operation_id = "unpair_device",
    tag = "devices",
    params(("device" = String, Path, description = "Id, or the name of one's own")),
    responses((status = 200, description = "The device as it was", body = DeviceUnpaired))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    Named(reference): Named,
) -> Result<Json<DeviceUnpaired>, Refusal> {
    let told = Refusal::naming(&reference);
    let id = devices::meant(&plane, &session, &reference);
    let gone = match id {
        Ok(id) => devices::unpair(&plane, session, id).await,
        Err(error) => Err(error),
    };
    let device = wire::sessions::device(&plane, &gone.map_err(told)?);
    Ok(Json(DeviceUnpaired { device }))
}
