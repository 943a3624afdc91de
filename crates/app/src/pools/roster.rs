//! The configured keys of one pool, ready for leasing: label, address and sealed secret by key id.

use super::origin::{Origin, OriginError};
use portunus_core::ids::KeyId;
use portunus_core::provider_key::{Pool, ProviderKey};
use std::collections::HashMap;
use std::sync::Arc;

/// One configured key and where its requests go.
#[derive(Debug)]
pub struct KeyRecord {
    /// The key as stored.
    pub key: ProviderKey,
    /// The key's own base URL, or else the pool's.
    pub base_url: String,
    /// What the secret has to be sealed for.
    pub origin: Result<Origin, OriginError>,
}

/// All of them.
pub(super) type Roster = HashMap<KeyId, Arc<KeyRecord>>;

impl KeyRecord {
    /// A key as it stands in `pool`.
    #[must_use]
    pub fn new(key: ProviderKey, pool: &Pool) -> Self {
        let base_url = key.base_url.clone();
        let base_url = base_url.unwrap_or_else(|| pool.base_url.clone());
        let origin = Origin::of(&base_url);
        Self {
            key,
            base_url,
            origin,
        }
    }
}
