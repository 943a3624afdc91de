//! Acknowledges an alarm.

use crate::error::Refusal;
use crate::extract::{Actor, Named, OptionalJsonBody};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::ErrorCode;
use portunus_api::alarms::{AcknowledgeAlarm, AlarmAcknowledged};
use portunus_app::alarms::AcknowledgeError;
use portunus_app::{Plane, alarms};
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
    Actor(session): Actor,
    Named(reference): Named,
    OptionalJsonBody(AcknowledgeAlarm {}): OptionalJsonBody<AcknowledgeAlarm>,
) -> Result<Json<AlarmAcknowledged>, Refusal> {
    let id = reference.parse().map_err(|_| nothing())?;
    let alarm = alarms::acknowledge(&plane, session.principal, id).await;
    let alarm = alarm.map_err(|error| match error {
        AcknowledgeError::NotFound => nothing(),
        AcknowledgeError::Failure(failure) => failure.into(),
    })?;
    Ok(Json(AlarmAcknowledged {
        alarm: wire::alarms::alarm(&plane, alarm),
    }))
}

fn nothing() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "no alarm of this id is open")
        .fix("use an id from `portunus alarms list --open`")
}
