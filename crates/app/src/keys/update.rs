//! Changes a key's label, place, address or secret.
//!
//! A new origin sets the key aside until its secret is given again, unless the change gives it.

use super::ProviderSecret;
use super::find::{FindKeyError, Found, find};
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use crate::pools::Origin;
use crate::upstream_policy::UpstreamError;
use portunus_core::name::Label;
use portunus_core::provider_key::{ProviderKey, Quarantine};
use portunus_store::StoreError;
use std::sync::Arc;

/// What a change wants of the key's own base URL.
#[derive(Clone, Debug)]
pub enum BaseUrlChange {
    /// Leave it.
    Keep,
    /// Return to the pool's.
    Clear,
    /// Use this one.
    Set(String),
}

/// What shall change; `None` stays as it is.
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// A new label.
    pub label: Option<Label>,
    /// A new place; lower is used first.
    pub priority: Option<u32>,
    /// The base URL.
    pub base_url: BaseUrlChange,
    /// The provider's key, anew.
    pub secret: Option<ProviderSecret>,
}

/// Why a key did not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateKeyError {
    /// There is no such key.
    #[error(transparent)]
    Find(#[from] FindKeyError),
    /// The pool has the label already.
    #[error("the label {0} is in use in this pool")]
    LabelTaken(Label),
    /// Another key of the pool has the same secret.
    #[error("the key {0} has the same secret")]
    DuplicateSecret(Label),
    /// The base URL is not allowed.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for UpdateKeyError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LabelTaken { label } => Self::LabelTaken(label),
            StoreError::DuplicateSecret { label } => Self::DuplicateSecret(label),
            other => Self::Find(other.into()),
        }
    }
}

/// Changes the key that `reference` means.
pub async fn update(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<ProviderKey>>,
    reference: String,
    change: KeyChange,
) -> Result<ProviderKey, UpdateKeyError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let found = find(&plane, &reference).await?;
            let key = changed(&plane, &found, &change)?;
            if key == found.key {
                return Ok(key);
            }
            let mut event = caused(asked.by(), plane.clock.now(), "key.changed", key.id)
                .with("pool", &found.pool.name)
                .with("label", &key.label)
                .with("priority", key.priority);
            if let Some(url) = &key.base_url {
                event = event.with("base_url", url);
            }
            if change.secret.is_some() {
                event = event.with("secret", "given again");
            }
            if let Some(quarantine) = key.quarantine {
                event = event.with("quarantine", quarantine.as_str());
            }
            let event = asked.sign(event, &key)?;
            plane.store.update_key(&key, &event).await?;
            if change.secret.is_some() {
                plane.pools().renew_secret(key.clone());
            } else {
                plane.pools().put_keys(vec![key.clone()]);
            }
            Ok(key)
        })
        .await
}

fn changed(
    plane: &Plane,
    found: &Found,
    change: &KeyChange,
) -> Result<ProviderKey, UpdateKeyError> {
    let mut key = found.key.clone();
    if let Some(label) = &change.label {
        key.label = label.clone();
    }
    if let Some(priority) = change.priority {
        key.priority = priority;
    }
    match &change.base_url {
        BaseUrlChange::Keep => {}
        BaseUrlChange::Clear => key.base_url = None,
        BaseUrlChange::Set(url) => {
            key.base_url = Some(plane.upstream_policy().check_url(url)?.to_string());
        }
    }
    let origin_of =
        |key: &ProviderKey| Origin::of(key.base_url.as_deref().unwrap_or(&found.pool.base_url));
    let origin = origin_of(&key).map_err(Failure::from)?;
    if let Some(secret) = &change.secret {
        let handle = plane
            .pools()
            .by_id(key.pool)
            .ok_or(FindKeyError::NotFound)?;
        let sealed = handle.vault().seal(key.id, &origin, secret.secret());
        key.sealed_secret = sealed.map_err(Failure::from)?;
        key.fingerprint = plane.pepper.fingerprint(secret.secret());
        key.quarantine = None;
    } else if origin_of(&found.key) != Ok(origin) {
        key.quarantine = Some(Quarantine::OriginChanged);
    }
    Ok(key)
}
