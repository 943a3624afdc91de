//! Acknowledges an alarm: somebody has looked at it. What happens from now on is another one.

use super::keeper;
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::agent::Principal;
use portunus_core::alarm::{Acknowledgement, Alarm};
use portunus_core::ids::AlarmId;
use portunus_store::StoreError;
use std::sync::Arc;

/// Why an alarm was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcknowledgeError {
    /// There is none of this id that is open.
    #[error("no alarm of this id is open")]
    NotFound,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Acknowledges the alarm `id`, which is returned.
///
/// # Errors
/// [`AcknowledgeError`]; nothing is changed then.
pub async fn acknowledge(
    plane: &Arc<Plane>,
    by: Principal,
    id: AlarmId,
) -> Result<Alarm, AcknowledgeError> {
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let saved = keeper::save(plane.alarms(), &*plane.store).await;
            saved.map_err(Failure::from)?;
            let now = plane.now();
            let mut told = caused(by, now, "alarm.acknowledged", id);
            if let Some((kind, subject)) = plane.alarms().book.lock().about(id) {
                told = told.with("kind", kind.as_str()).with("about", subject);
            }
            let who = Acknowledgement { at: now, by };
            let alarm = match plane.store.acknowledge_alarm(id, who, &told).await {
                Err(StoreError::NotFound) => return Err(AcknowledgeError::NotFound),
                other => other.map_err(Failure::from)?,
            };
            plane.alarms().book.lock().close(&alarm);
            Ok(alarm)
        })
        .await
}
