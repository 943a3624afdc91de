//! Pairs a device; its token is answered here and never again.

use crate::error::Refusal;
use crate::extract::expiry::lasting;
use crate::extract::{Asking, JsonBody};
use crate::once::answer_with_secret;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::devices::{DevicePaired, PairDevice};
use portunus_api::{ErrorCode, SecretText};
use portunus_app::Plane;
use portunus_app::once::Answer;
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
/// Access tokens pair none.
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
    asking: Asking,
    JsonBody(body): JsonBody<PairDevice>,
) -> Result<Response, Refusal> {
    let name = device_name(&body.name)?;
    lasting(&plane, &asking.session)?;
    let told = shown_by(&plane);
    let pair = |asked| devices::pair(&plane, asked, name);
    Ok(asking.answered(told, pair).await?)
}

/// The name that a body gives a device.
pub(crate) fn device_name(text: &str) -> Result<Label, Refusal> {
    text.parse().map_err(|error| {
        let detail = format!("the name of the device {error}");
        Refusal::new(ErrorCode::InvalidBody, detail).fix("choose a name like laptop")
    })
}

/// What tells of a device with a new token, in the one answer that shows it.
pub(super) fn shown_by(plane: &Arc<Plane>) -> impl Fn(&devices::Paired) -> Answer + use<> {
    let plane = Arc::clone(plane);
    move |paired| {
        let paired = DevicePaired {
            device: wire::sessions::device(&plane, &paired.device),
            token: SecretText::new(paired.token.expose().to_owned()),
        };
        answer_with_secret(StatusCode::CREATED, &paired)
    }
}
