//! Reads the configuration again.

use crate::error::Refusal;
use crate::extract::{Actor, OptionalJsonBody};
use axum::Json;
use axum::extract::State;
use portunus_api::process::{Reload, Reloaded, SettingChange};
use portunus_app::Plane;
use portunus_app::process::{self, reload};
use portunus_core::audit;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "config",
    verb: "reload",
};

/// Read the configuration again
///
/// As SIGHUP does. No request is dropped. What cannot change without a restart is named. A configuration with mistakes
/// is refused as a whole, and the one before it stays in force.
#[utoipa::path(
    post,
    path = "/api/v1/reload",
    operation_id = "reload",
    tag = "process",
    request_body = Option<Reload>,
    responses((status = 200, description = "What counts now, and what after a restart", body = Reloaded))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Actor(session): Actor,
    OptionalJsonBody(Reload {}): OptionalJsonBody<Reload>,
) -> Result<Json<Reloaded>, Refusal> {
    let reloaded = reload::reload(&plane, audit::Actor::Principal(session.principal)).await?;
    Ok(Json(Reloaded {
        changed: changes(reloaded.changed),
        needs_restart: changes(reloaded.needs_restart),
    }))
}

fn changes(changes: Vec<process::SettingChange>) -> Vec<SettingChange> {
    let changes = changes.into_iter().map(|change| SettingChange {
        name: change.name.to_owned(),
        from: change.from,
        to: change.to,
    });
    changes.collect()
}
