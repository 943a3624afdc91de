//! Reads the configuration again: on SIGHUP, or when an operator asks.

use super::{Prepared, Reloaded, SettingChange, SteerError};
use crate::audit::{Detailed, event};
use crate::failure::Failure;
use crate::metrics::ReloadOutcome;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::audit::{Actor, AuditEvent};
use portunus_store::PoolFacts;
use std::sync::Arc;

/// Puts a changed configuration into force, as far as that goes without a restart. It is recorded before it counts.
///
/// # Errors
/// [`SteerError`]; the old configuration stays then.
pub async fn reload(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Reloaded>>,
) -> Result<Reloaded, SteerError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let prepared = read(&plane)?;
            if !prepared.outcome.changed.is_empty() {
                let event = worded(&plane, Actor::Principal(asked.by()), &prepared.outcome);
                let facts = PoolFacts {
                    events: vec![asked.sign(event, &prepared.outcome)?],
                    ..PoolFacts::default()
                };
                let saved = plane.store.save_pool_facts(&facts).await;
                saved.map_err(Failure::from)?;
            }
            Ok(apply(&plane, prepared))
        })
        .await
}

/// The same for a signal. It comes from whoever owns the machine and the file, and counts also while the database is down; its
/// record follows.
///
/// # Errors
/// [`SteerError`]; the old configuration stays then.
pub async fn reload_on_signal(plane: &Arc<Plane>) -> Result<Reloaded, SteerError> {
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let prepared = read(&plane)?;
            if !prepared.outcome.changed.is_empty() {
                let event = worded(&plane, Actor::Plane, &prepared.outcome);
                plane.pools().recorder().record_event(event);
            }
            Ok(apply(&plane, prepared))
        })
        .await
}

fn read(plane: &Plane) -> Result<Prepared<Reloaded>, SteerError> {
    let control = plane.process().ok_or(SteerError::NoProcess)?;
    let prepared = control.read_configuration();
    Ok(prepared.inspect_err(|_| plane.metrics().reloaded(ReloadOutcome::Refused))?)
}

fn apply(plane: &Plane, prepared: Prepared<Reloaded>) -> Reloaded {
    (prepared.apply)();
    plane.metrics().reloaded(ReloadOutcome::Applied);
    prepared.outcome
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
