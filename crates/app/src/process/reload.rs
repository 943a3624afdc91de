//! Reads the configuration again: on SIGHUP, or when an operator asks.

use super::{Reloaded, SettingChange, SteerError};
use crate::audit::{Detailed, event};
use crate::failure::Failure;
use crate::metrics::ReloadOutcome;
use crate::plane::Plane;
use portunus_core::audit::{Actor, AuditEvent};
use portunus_store::PoolFacts;
use std::sync::Arc;

/// Puts a changed configuration into force, as far as that goes without a restart.
///
/// # Errors
/// [`SteerError`]; the old configuration stays then.
pub async fn reload(plane: &Arc<Plane>, by: Actor) -> Result<Reloaded, SteerError> {
    plane
        .to_the_end(move |plane| async move {
            let control = plane.process().ok_or(SteerError::NoProcess)?;
            let _changes = plane.changes.lock().await;
            let prepared = control.read_configuration().inspect_err(|_| {
                plane.metrics().reloaded(ReloadOutcome::Refused);
            })?;
            record(&plane, by, &prepared.outcome).await?;
            (prepared.apply)();
            plane.metrics().reloaded(ReloadOutcome::Applied);
            Ok(prepared.outcome)
        })
        .await
}

/// A principal's change is recorded before it counts. A signal comes from whoever owns the machine and the file, and
/// counts also while the database is down; its record follows.
async fn record(plane: &Plane, by: Actor, reloaded: &Reloaded) -> Result<(), Failure> {
    if reloaded.changed.is_empty() {
        return Ok(());
    }
    let event = worded(plane, by, reloaded);
    match by {
        Actor::Plane => plane.pools().recorder().record_event(event),
        Actor::Principal(_) => {
            let facts = PoolFacts {
                events: vec![event],
                ..PoolFacts::default()
            };
            plane.store.save_pool_facts(&facts).await?;
        }
    }
    Ok(())
}

fn worded(plane: &Plane, by: Actor, reloaded: &Reloaded) -> AuditEvent {
    let names = |changes: &[SettingChange]| {
        let names: Vec<&str> = changes.iter().map(|change| change.name).collect();
        names.join(", ")
    };
    let event = event(by, plane.clock.now(), "config.reloaded", "config")
        .with("changed", names(&reloaded.changed));
    if reloaded.needs_restart.is_empty() {
        return event;
    }
    event.with("needs_restart", names(&reloaded.needs_restart))
}
