//! What the process logs: shown, and changed until the next restart.

use super::SteerError;
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_store::PoolFacts;
use std::sync::Arc;

/// What is logged at present.
///
/// # Errors
/// [`SteerError::NoProcess`].
pub fn show(plane: &Plane) -> Result<String, SteerError> {
    let control = plane.process().ok_or(SteerError::NoProcess)?;
    Ok(control.log_filter())
}

/// Changes what is logged, and answers the filter as it counts now.
///
/// # Errors
/// [`SteerError`]; nothing is changed then.
pub async fn set(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<String>>,
    filter: String,
) -> Result<String, SteerError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let control = plane.process().ok_or(SteerError::NoProcess)?;
            let _changes = plane.changes.lock().await;
            let prepared = control.read_log_filter(&filter)?;
            let before = control.log_filter();
            if prepared.outcome == before {
                return Ok(before);
            }
            let event = caused(asked.by(), plane.clock.now(), "log_level.changed", "log")
                .with("from", before)
                .with("to", &prepared.outcome);
            let facts = PoolFacts {
                events: vec![asked.sign(event, &prepared.outcome)?],
                ..PoolFacts::default()
            };
            let saved = plane.store.save_pool_facts(&facts).await;
            saved.map_err(Failure::from)?;
            (prepared.apply)();
            Ok(prepared.outcome)
        })
        .await
}
