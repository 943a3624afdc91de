//! Makes a copy of the plane's memory while it works.

use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::audit::{Actor, AuditEvent};
use std::fs::File;

/// A copy as of one moment, in a file without a name. Pepper and master key are not in it; without them it opens
/// nothing.
///
/// # Errors
/// When the database does not answer, or its disk has no room for a copy.
pub async fn backup(plane: &Plane, by: Principal) -> Result<File, Failure> {
    let file = plane.store.backup().await?;
    plane.pools().recorder().record_event(AuditEvent {
        at: plane.now(),
        actor: Actor::Principal(by),
        action: "plane.backed_up",
        subject: "database".to_owned(),
        details: Vec::new(),
        receipt: None,
    });
    Ok(file)
}
