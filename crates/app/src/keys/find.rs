//! Finds one key by its id, or by its pool and label as `pool:label`.

use super::list::all_of;
use crate::failure::Failure;
use crate::plane::Plane;
use crate::pool_settings;
use portunus_core::ids::KeyId;
use portunus_core::provider_key::{Pool, ProviderKey, Quarantine};
use portunus_store::StoreError;
use std::sync::Arc;

/// Why no key was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindKeyError {
    /// No key has this id, or this label in this pool.
    #[error("no key has this id or pool:label")]
    NotFound,
    /// It could not be read at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for FindKeyError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            other => Self::Failure(other.into()),
        }
    }
}

/// A key and its pool.
#[derive(Clone, Debug)]
pub struct Found {
    /// The key as stored, with the quarantine that the pool may have set since.
    pub key: ProviderKey,
    /// Its pool.
    pub pool: Arc<Pool>,
}

/// The key that `reference` means.
pub async fn find(plane: &Plane, reference: &str) -> Result<Found, FindKeyError> {
    let mut key = match (reference.parse::<KeyId>(), reference.split_once(':')) {
        (Ok(id), _) => plane.store.key(id).await?,
        (Err(_), Some((pool, label))) => labelled(plane, pool, label).await?,
        (Err(_), None) => return Err(FindKeyError::NotFound),
    };
    let handle = plane
        .pools()
        .by_id(key.pool)
        .ok_or(FindKeyError::NotFound)?;
    key.quarantine = key.quarantine.or_else(|| live_quarantine(plane, &key));
    Ok(Found {
        key,
        pool: handle.settings(),
    })
}

async fn labelled(plane: &Plane, pool: &str, label: &str) -> Result<ProviderKey, FindKeyError> {
    let pool = pool_settings::show(plane, pool).map_err(|_| FindKeyError::NotFound)?;
    let keys = all_of(plane, Some(pool.id)).await?;
    keys.into_iter()
        .find(|key| key.label.as_str() == label)
        .ok_or(FindKeyError::NotFound)
}

/// What the pool knows and the store may not know yet: it is written behind.
fn live_quarantine(plane: &Plane, key: &ProviderKey) -> Option<Quarantine> {
    let status = plane.pools().by_id(key.pool)?.status();
    let mut keys = status.keys.into_iter();
    keys.find(|at| at.key == key.id)?.quarantine
}
