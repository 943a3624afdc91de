//! Reads the audit log, newest first.

use crate::listing::ListError;
use crate::plane::Plane;
use portunus_core::audit::AuditRecord;
use portunus_store::{AuditFilter, Listing, Page};

/// One page of the log.
pub async fn list(
    plane: &Plane,
    filter: AuditFilter,
    page: Page,
) -> Result<Listing<AuditRecord>, ListError> {
    Ok(plane.store.audit(filter, page).await?)
}
