//! Adds keys, all of them or none. Waiting requests are served by them at once.

use super::ProviderSecret;
use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use crate::pools::Origin;
use crate::upstream_policy::UpstreamError;
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::ids::KeyId;
use portunus_core::name::{Label, Slug};
use portunus_core::provider_key::{KeySwitch, ProviderKey};
use portunus_store::StoreError;
use std::sync::Arc;

/// What a new key shall be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Name of its pool.
    pub pool: Slug,
    /// Its label.
    pub label: Label,
    /// The provider's key.
    pub secret: ProviderSecret,
    /// Lower is used first.
    pub priority: u32,
    /// Overrides the pool's base URL.
    pub base_url: Option<String>,
}

/// Why no key was added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddKeysError {
    /// There is no such pool.
    #[error("there is no pool {0}")]
    NoSuchPool(Slug),
    /// The pool has the label already.
    #[error("the label {0} is in use in this pool")]
    LabelTaken(Label),
    /// The pool has the same secret already.
    #[error("the key {0} has the same secret")]
    DuplicateSecret(Label),
    /// The base URL is not allowed.
    #[error("the base URL of {label}: {cause}")]
    Upstream {
        /// The key that it was given for.
        label: Label,
        /// Why not.
        cause: UpstreamError,
    },
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for AddKeysError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LabelTaken { label } => Self::LabelTaken(label),
            StoreError::DuplicateSecret { label } => Self::DuplicateSecret(label),
            other => Self::Failure(other.into()),
        }
    }
}

/// Adds `new` keys, in their order.
pub async fn add(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Vec<ProviderKey>>>,
    new: Vec<NewKey>,
) -> Result<Vec<ProviderKey>, AddKeysError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let sign = |event, keys: &Vec<_>| asked.sign(event, keys);
            add_held(&plane, asked.by(), &new, sign).await
        })
        .await
}

/// The same for a caller that holds the lock of changes, and that signs the last of the events.
pub(super) async fn add_held(
    plane: &Plane,
    by: Principal,
    new: &[NewKey],
    sign: impl FnOnce(AuditEvent, &Vec<ProviderKey>) -> Result<AuditEvent, Failure>,
) -> Result<Vec<ProviderKey>, AddKeysError> {
    let mut keys = Vec::with_capacity(new.len());
    let mut events = Vec::with_capacity(new.len());
    for wanted in new {
        let (key, event) = sealed(plane, by, wanted)?;
        keys.push(key);
        events.push(event);
    }
    if let Some(last) = events.pop() {
        events.push(sign(last, &keys)?);
    }
    plane.store.add_keys(&keys, &events).await?;
    plane.pools().put_keys(keys.clone());
    Ok(keys)
}

pub(crate) fn sealed(
    plane: &Plane,
    by: Principal,
    new: &NewKey,
) -> Result<(ProviderKey, AuditEvent), AddKeysError> {
    let handle = plane.pools().pool(&new.pool);
    let handle = handle.ok_or_else(|| AddKeysError::NoSuchPool(new.pool.clone()))?;
    let pool = handle.settings();
    let base_url = new.base_url.as_deref().map(|url| {
        let checked = plane.upstream_policy().check_url(url);
        checked.map_err(|cause| AddKeysError::Upstream {
            label: new.label.clone(),
            cause,
        })
    });
    let base_url = base_url.transpose()?.map(|url| url.to_string());
    let now = plane.clock.now();
    let id = KeyId::from_bytes(entropy::draw().map_err(Failure::from)?);
    let origin =
        Origin::of(base_url.as_deref().unwrap_or(&pool.base_url)).map_err(Failure::from)?;
    let secret = new.secret.secret();
    let key = ProviderKey {
        id,
        pool: pool.id,
        label: new.label.clone(),
        priority: new.priority,
        base_url,
        sealed_secret: handle
            .vault()
            .seal(id, &origin, secret)
            .map_err(Failure::from)?,
        fingerprint: plane.pepper.fingerprint(secret),
        switch: KeySwitch::Enabled,
        quarantine: None,
        created_at: now,
    };
    let event = caused(by, now, "key.added", key.id)
        .with("pool", &pool.name)
        .with("label", &key.label)
        .with("priority", key.priority)
        .with("origin", &origin);
    Ok((key, event))
}
