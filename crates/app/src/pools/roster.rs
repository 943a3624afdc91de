//! The configured keys of one pool, ready for leasing: label, address and secret by key id.

use super::masked::Masked;
use super::origin::Origin;
use super::vault::{PoolVault, VaultError};
use portunus_core::ids::KeyId;
use portunus_core::provider_key::{Pool, ProviderKey};
use portunus_core::secret::Secret;
use std::collections::HashMap;
use std::sync::Arc;

/// One configured key and where its requests go.
#[derive(Debug)]
pub struct KeyRecord {
    /// The key as stored.
    pub key: ProviderKey,
    /// The key's own base URL, or else the pool's.
    pub base_url: Arc<str>,
    /// Its secret, if that was sealed for this place.
    secret: Result<Masked, VaultError>,
}

/// All of them.
pub(super) type Roster = HashMap<KeyId, Arc<KeyRecord>>;

impl KeyRecord {
    /// A key as it stands in `pool`, opened by the pool's vault.
    pub(super) fn new(key: ProviderKey, pool: &Pool, vault: &PoolVault) -> Self {
        let base_url = key.base_url.clone();
        let base_url = base_url.unwrap_or_else(|| pool.base_url.clone());
        let secret = Origin::of(&base_url)
            .map_err(|_| VaultError::NotSealedHere)
            .and_then(|origin| vault.unseal(key.id, &origin, &key.sealed_secret))
            .and_then(|secret| Ok(Masked::new(&secret)?));
        Self {
            key,
            base_url: base_url.into(),
            secret,
        }
    }

    /// Whether its secret was sealed for this place.
    pub(super) const fn opens(&self) -> bool {
        self.secret.is_ok()
    }

    /// The secret in the clear, for one lease.
    pub(super) fn reveal(&self) -> Option<Secret> {
        self.secret.as_ref().ok().and_then(Masked::reveal)
    }
}
