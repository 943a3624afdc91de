//! Removes a key. The last enabled key of a pool stays unless the operator insists.

use super::find::{Found, find};
use super::switch::SwitchKeyError;
use crate::audit::{Detailed, caused};
use crate::once::Asked;
use crate::plane::Plane;
use portunus_store::Force;
use std::sync::Arc;

/// Removes the key that `reference` means; answers it as it was.
pub async fn remove(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Found>>,
    reference: String,
    force: Force,
) -> Result<Found, SwitchKeyError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let found = find(&plane, &reference).await?;
            let event = caused(asked.by(), plane.clock.now(), "key.removed", found.key.id)
                .with("pool", &found.pool.name)
                .with("label", &found.key.label);
            let event = asked.sign(event, &found)?;
            plane.store.remove_key(found.key.id, force, &event).await?;
            plane.pools().remove_key(found.key.pool, found.key.id);
            Ok(found)
        })
        .await
}
