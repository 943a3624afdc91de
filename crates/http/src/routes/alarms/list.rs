//! Lists alarms, newest first.

use crate::error::Refusal;
use crate::extract::{Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::alarms::{Alarm, AlarmState, AlarmsQuery};
use portunus_app::alarms::list::AlarmFilter;
use portunus_app::{Plane, alarms};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "alarms",
    verb: "list",
};

/// List alarms
#[utoipa::path(
    get,
    path = "/api/v1/alarms",
    operation_id = "list_alarms",
    tag = "alarms",
    params(AlarmsQuery),
    responses((status = 200, description = "Alarms, newest first", body = List<Alarm>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<AlarmsQuery>,
) -> Result<Json<List<Alarm>>, Refusal> {
    let page = page(query.limit, query.cursor)?;
    let filter = match query.state {
        None => AlarmFilter::All,
        Some(AlarmState::Open) => AlarmFilter::Open,
        Some(AlarmState::Acknowledged) => AlarmFilter::Acknowledged,
    };
    let page = alarms::list(&plane, filter, page).await?;
    Ok(Json(wire::list(page, |alarm| {
        wire::alarms::alarm(&plane, alarm)
    })))
}
