//! Pairs a device; its token is answered here and never again.

use crate::error::Refusal;
use crate::extract::expiry::lasting;
use crate::extract::{Actor, JsonBody};
use crate::wire;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use portunus_api::devices::{DevicePaired, PairDevice};
use portunus_api::{ErrorCode, SecretText};
use portunus_app::Plane;
use portunus_app::sessions::devices;
use portunus_core::name::Label;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "devices",
    verb: "pair",
};

/// Pair a device
///
/// Its token signs in without a password, and is accepted as a token of its operator, until the device is unpaired.
#[utoipa::path(
    post,
    path = "/api/v1/devices",
    operation_id = "pair_device",
    tag = "devices",
    request_body = PairDevice,
    responses((status = 201, description = "The device and its token, shown once", body = DevicePaired))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    JsonBody(body): JsonBody<PairDevice>,
) -> Result<(StatusCode, Json<DevicePaired>), Refusal> {
    let name = device_name(&body.name)?;
    lasting(&plane, &session)?;
    let paired = devices::pair(&plane, session, name).await?;
    Ok((StatusCode::CREATED, Json(shown(&plane, &paired))))
}

/// The name that a body gives a device.
pub(crate) fn device_name(text: &str) -> Result<Label, Refusal> {
    text.parse().map_err(|error| {
        let detail = format!("the name of the device {error}");
        Refusal::new(ErrorCode::InvalidBody, detail).fix("choose a name like laptop")
    })
}

/// A device with a new token, in the one answer that shows it.
pub(super) fn shown(plane: &Plane, paired: &devices::Paired) -> DevicePaired {
    DevicePaired {
        device: wire::sessions::device(plane, &paired.device),
        token: SecretText::new(paired.token.expose().to_owned()),
    }
}
