//! Acknowledges an alarm: somebody has looked at it. What happens from now on is another one.

use super::keeper;
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
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
    asked: impl Into<Asked<Alarm>>,
    id: AlarmId,
) -> Result<Alarm, AcknowledgeError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let alarms = plane.alarms();
            let saved = keeper::save(alarms, &*plane.store).await;
            saved.map_err(Failure::from)?;
            let (by, at) = (asked.by(), plane.now());
            let told = |alarm: &Alarm| {
                let event = caused(by, at, "alarm.acknowledged", id)
                    .with("kind", alarm.kind.as_str())
                    .with("about", &alarm.subject);
                asked.sign_inside(&event, alarm)
            };
            // The store's word counts: another node may have raised it.
            let who = Acknowledgement { at, by };
            let alarm = match plane.store.acknowledge_alarm(id, who, &told).await {
                Err(StoreError::NotFound) => return Err(AcknowledgeError::NotFound),
                other => other.map_err(Failure::from)?,
            };
            alarms.book.lock().close(&alarm);
            Ok(alarm)
        })
        .await
}
