//! Reads the configuration again.

use crate::error::Refusal;
use crate::extract::{Asking, OptionalJsonBody};
use crate::once::answer;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use portunus_api::process::{Reload, Reloaded, SettingChange};
use portunus_app::Plane;
use portunus_app::once::Answer;
use portunus_app::process::{self, reload};
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
    asking: Asking,
    OptionalJsonBody(Reload {}): OptionalJsonBody<Reload>,
) -> Result<Response, Refusal> {
    let reload = |asked| reload::reload(&plane, asked);
    Ok(asking.answered(told, reload).await?)
}

fn told(reloaded: &process::Reloaded) -> Answer {
    let reloaded = Reloaded {
        changed: changes(&reloaded.changed),
        needs_restart: changes(&reloaded.needs_restart),
    };
    answer(StatusCode::OK, &reloaded)
}

fn changes(changes: &[process::SettingChange]) -> Vec<SettingChange> {
    let changes = changes.iter().map(|change| SettingChange {
        name: change.name.to_owned(),
        from: change.from.clone(),
        to: change.to.clone(),
    });
    changes.collect()
}
