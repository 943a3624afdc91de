//! Unpairs a device.

use crate::error::Refusal;
use crate::extract::{Asking, Named};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::devices::DeviceUnpaired;
use portunus_app::Plane;
use portunus_app::sessions::devices;
use portunus_core::scope::Scope;
use portunus_core::session::Device;
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
    asking: Asking,
    Named(reference): Named,
) -> Result<Response, Refusal> {
    let naming = || Refusal::naming(&reference);
    let id = devices::meant(&plane, &asking.session, &reference);
    let id = id.map_err(naming())?;
    let known = Arc::clone(&plane);
    let told = move |gone: &Device| {
        let device = wire::sessions::device(&known, gone);
        answer(StatusCode::OK, &DeviceUnpaired { device })
    };
    let unpair = |asked| devices::unpair(&plane, asked, id);
    let gone = asking.answered_by_rank(told, unpair).await;
    gone.map_err(naming())
}
