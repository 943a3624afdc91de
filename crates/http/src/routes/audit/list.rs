//! Reads the audit log, newest first.

use crate::error::Refusal;
use crate::extract::{Params, page};
use crate::wire;
use axum::Json;
use axum::extract::State;
use portunus_api::List;
use portunus_api::audit::{AuditQuery, AuditRecord};
use portunus_app::audit::list::AuditWish;
use portunus_app::{Plane, audit};
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "audit",
    verb: "list",
};

/// Read the audit log
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    operation_id = "list_audit",
    tag = "audit",
    params(AuditQuery),
    responses((status = 200, description = "Events, newest first", body = List<AuditRecord>))
)]
pub(crate) async fn handle(
    State(plane): State<Arc<Plane>>,
    Params(query): Params<AuditQuery>,
) -> Result<Json<List<AuditRecord>>, Refusal> {
    let page = page(query.limit, query.cursor)?;
    let wish = AuditWish {
        action_prefix: query.action,
        subject: query.subject,
    };
    let page = audit::list(&plane, wish, page).await?;
    Ok(Json(wire::list(page, |record| {
        wire::audit::record(&plane, record)
    })))
}
