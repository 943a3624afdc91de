//! Acknowledges an alarm.

use crate::error::Refusal;
use crate::extract::{Asking, Named, OptionalJsonBody};
use crate::once::answer;
use crate::wire;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::ErrorCode;
use portunus_api::alarms::{AcknowledgeAlarm, AlarmAcknowledged};
use portunus_app::alarms::AcknowledgeError;
use portunus_app::{Plane, alarms};
use portunus_core::alarm::Alarm;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "alarms",
    verb: "acknowledge",
};

/// Acknowledge an alarm
///
/// It is open no longer; when its trouble comes again, that is another alarm.
#[utoipa::path(
    post,
    path = "/api/v1/alarms/{alarm}/acknowledge",
    operation_id = "acknowledge_alarm",
    tag = "alarms",
    params(("alarm" = String, Path, description = "Id")),
    request_body = Option<AcknowledgeAlarm>,
    responses((status = 200, description = "The alarm", body = AlarmAcknowledged))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    asking: Asking,
    Named(reference): Named,
    OptionalJsonBody(AcknowledgeAlarm {}): OptionalJsonBody<AcknowledgeAlarm>,
) -> Result<Response, Refusal> {
    let id = reference.parse().map_err(|_| nothing())?;
    let names = Arc::clone(&plane);
    let told = move |alarm: &Alarm| {
        let alarm = wire::alarms::alarm(&names, alarm.clone());
        answer(StatusCode::OK, &AlarmAcknowledged { alarm })
    };
    let acknowledge = |asked| alarms::acknowledge(&plane, asked, id);
    let done = asking.answered(told, acknowledge).await;
    done.map_err(|error| match error {
        AcknowledgeError::NotFound => nothing(),
        AcknowledgeError::Failure(failure) => failure.into(),
    })
}

fn nothing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no alarm of this id is open")
        .fix("use an id from `portunus alarms list --open`")
}
