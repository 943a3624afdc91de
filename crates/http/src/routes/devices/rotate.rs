//! Gives a device another token; it is answered here and never again.

use super::pair::shown_by;
use crate::error::Refusal;
use crate::extract::expiry::lasting;
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::routes::agents::rotate_token::overlap;
use axum::extract::State;
use axum::response::Response;
use portunus_api::devices::{DevicePaired, RotateDevice};
use portunus_app::Plane;
use portunus_app::sessions::devices;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "devices",
    verb: "rotate",
};

/// Rotate a device's token
///
/// Of a device of one's own. The token before works on until the first use of the new one and the overlap; sessions go on.
/// Access tokens rotate none.
#[utoipa::path(
    post,
    path = "/api/v1/devices/{device}/rotate",
    operation_id = "rotate_device",
    tag = "devices",
    params(("device" = String, Path, description = "Id, or the name of one's own")),
    request_body = Option<RotateDevice>,
    responses((status = 201, description = "The device and its new token, shown once", body = DevicePaired))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(body): OptionalJsonBody<RotateDevice>,
) -> Result<Response, Refusal> {
    lasting(&plane, &asking.session)?;
    let naming = || Refusal::naming(&reference);
    let id = devices::meant(&plane, &asking.session, &reference);
    let id = id.map_err(naming())?;
    let overlap = overlap(body.overlap_ms)?;
    let told = shown_by(&plane);
    let rotate = |asked| devices::rotate(&plane, asked, id, overlap);
    asking.answered(told, rotate).await.map_err(naming())
}
