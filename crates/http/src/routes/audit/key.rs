//! Shows the key that the audit log is signed with, and signs what the log is now.

use crate::error::Refusal;
use axum::Json;
use axum::extract::State;
use portunus_api::audit::AuditKey;
use portunus_app::{Plane, audit};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "audit",
    verb: "key",
};

/// Show the key of the audit log
///
/// Kept elsewhere, the key shows when another one signs, and the checkpoint when anything that it covers was changed.
#[utoipa::path(
    get,
    path = "/api/v1/audit/key",
    operation_id = "show_audit_key",
    tag = "audit",
    responses((status = 200, description = "The key and a checkpoint", body = AuditKey))
)]
pub(crate) async fn handle(State(plane): State<Arc<Plane>>) -> Result<Json<AuditKey>, Refusal> {
    let newest = audit::newest_checkpoint(&plane).await?;
    Ok(Json(AuditKey {
        key: audit::verifier(&plane).to_string(),
        size: newest.as_ref().map_or(0, |newest| newest.size),
        checkpoint: newest.map(|newest| newest.note),
    }))
}
