//! Switches a key on or off. The last enabled key of a pool stays on unless the operator insists.

use super::find::{FindKeyError, find};
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::provider_key::{KeySwitch, ProviderKey};
use portunus_store::{Force, StoreError};
use std::sync::Arc;

/// Why a key was neither switched nor removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwitchKeyError {
    /// There is no such key.
    #[error(transparent)]
    Find(#[from] FindKeyError),
    /// The pool would be left without an enabled key.
    #[error("it is the last enabled key of its pool")]
    LastEnabledKey,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for SwitchKeyError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LastEnabledKey => Self::LastEnabledKey,
            other => Self::Find(other.into()),
        }
    }
}

/// Switches the key that `reference` means.
pub async fn switch(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<ProviderKey>>,
    reference: String,
    to: KeySwitch,
    force: Force,
) -> Result<ProviderKey, SwitchKeyError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let mut found = find(&plane, &reference).await?;
            if found.key.switch == to {
                return Ok(found.key);
            }
            let action = match to {
                KeySwitch::Enabled => "key.enabled",
                KeySwitch::Disabled => "key.disabled",
            };
            let event = caused(asked.by(), plane.clock.now(), action, found.key.id)
                .with("pool", &found.pool.name)
                .with("label", &found.key.label);
            found.key.switch = to;
            let event = asked.sign(event, &found.key)?;
            plane
                .store
                .switch_key(found.key.id, to, force, &event)
                .await?;
            plane.pools().put_keys(vec![found.key.clone()]);
            Ok(found.key)
        })
        .await
}
