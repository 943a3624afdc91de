//! Takes an operator's word that a key is well: its rests and its quarantine end. A key whose origin changed needs
//! its secret again, and no word replaces it.

use super::find::{FindKeyError, find};
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use portunus_core::provider_key::{ProviderKey, Quarantine};
use portunus_store::StoreError;
use std::sync::Arc;

/// Why a key was not cleared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClearKeyError {
    /// There is no such key.
    #[error(transparent)]
    Find(#[from] FindKeyError),
    /// Its origin changed: only its secret ends the quarantine.
    #[error("the key's origin changed after its secret was given, so clearing it is not enough")]
    SecretNeeded,
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for ClearKeyError {
    fn from(error: StoreError) -> Self {
        Self::Find(error.into())
    }
}

/// Clears the key that `reference` means.
pub async fn clear(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<ProviderKey>>,
    reference: String,
) -> Result<ProviderKey, ClearKeyError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let found = find(&plane, &reference).await?;
            let mut key = found.key;
            if key.quarantine == Some(Quarantine::OriginChanged) {
                return Err(ClearKeyError::SecretNeeded);
            }
            key.quarantine = None;
            let event = caused(asked.by(), plane.clock.now(), "key.cleared", key.id)
                .with("pool", &found.pool.name)
                .with("label", &key.label);
            let event = asked.sign(event, &key)?;
            plane.store.update_key(&key, &event).await?;
            plane.pools().clear_key(key.clone());
            Ok(key)
        })
        .await
}
