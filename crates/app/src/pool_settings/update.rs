//! Changes a pool. A new origin sets the keys that it served aside until their secrets are given again, because a
//! secret was given for one origin and goes to no other.

use super::MaxWait;
use super::fallback::{FallbackError, resolve};
use super::list::{NoSuchPool, show};
use crate::audit::{Detailed, caused};
use crate::failure::Failure;
use crate::keys::list::all_of;
use crate::once::Asked;
use crate::plane::Plane;
use crate::pools::Origin;
use crate::upstream_policy::UpstreamError;
use portunus_core::audit::AuditEvent;
use portunus_core::ids::KeyId;
use portunus_core::name::Label;
use portunus_core::provider_key::{Pool, ProviderKey, Quarantine};
use portunus_store::StoreError;
use std::sync::Arc;

/// What a change wants of the fallback.
#[derive(Clone, Debug)]
pub enum FallbackChange {
    /// Leave it.
    Keep,
    /// Take it away.
    Clear,
    /// Use the pool of this name.
    Set(String),
}

/// What shall change; `None` stays as it is.
#[derive(Clone, Debug)]
pub struct PoolChange {
    /// The upstream.
    pub base_url: Option<String>,
    /// How long a request may wait for a key.
    pub max_wait: Option<MaxWait>,
    /// The fallback.
    pub fallback: FallbackChange,
}

/// A changed pool.
#[derive(Clone, Debug)]
pub struct Updated {
    /// As it is now.
    pub pool: Arc<Pool>,
    /// The keys that the new origin set aside.
    pub quarantined: Vec<Label>,
}

/// Why a pool did not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdatePoolError {
    /// There is no such pool.
    #[error(transparent)]
    NotFound(#[from] NoSuchPool),
    /// The base URL is not allowed.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The fallback is not possible.
    #[error(transparent)]
    Fallback(#[from] FallbackError),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for UpdatePoolError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound(NoSuchPool),
            other => Self::Failure(other.into()),
        }
    }
}

/// Changes the pool that `reference`, a name or an id, means.
pub async fn update(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Updated>>,
    reference: String,
    change: PoolChange,
) -> Result<Updated, UpdatePoolError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let before = show(&plane, &reference)?;
            let after = changed(&plane, &before, &change)?;
            if after == *before {
                return Ok(Updated {
                    pool: before,
                    quarantined: Vec::new(),
                });
            }
            let moved = moved_keys(&plane, &before, &after).await?;
            let ids: Vec<KeyId> = moved.iter().map(|key| key.id).collect();
            let event = caused(asked.by(), plane.clock.now(), "pool.changed", &after.name);
            let mut event = worded(&plane, event, &before, &after);
            if !moved.is_empty() {
                event = event.with("quarantined_keys", moved.len());
            }
            let updated = Updated {
                pool: Arc::new(after.clone()),
                quarantined: moved.iter().map(|key| key.label.clone()).collect(),
            };
            let event = asked.sign(event, &updated)?;
            plane.store.update_pool(&after, &ids, &event).await?;
            plane.pools().put_pool(after).map_err(Failure::from)?;
            plane.pools().put_keys(moved);
            Ok(updated)
        })
        .await
}

fn changed(plane: &Plane, before: &Pool, change: &PoolChange) -> Result<Pool, UpdatePoolError> {
    let mut after = before.clone();
    if let Some(url) = &change.base_url {
        after.base_url = plane.upstream_policy().check_url(url)?.to_string();
    }
    if let Some(max_wait) = change.max_wait {
        after.max_wait_ms = max_wait.as_millis();
    }
    match &change.fallback {
        FallbackChange::Keep => {}
        FallbackChange::Clear => after.fallback = None,
        FallbackChange::Set(name) => {
            after.fallback = Some(resolve(plane, before.id, before.protocol, name)?);
        }
    }
    Ok(after)
}

/// The keys whose origin changes with the pool's, already set aside.
async fn moved_keys(
    plane: &Plane,
    before: &Pool,
    after: &Pool,
) -> Result<Vec<ProviderKey>, StoreError> {
    if Origin::of(&before.base_url) == Origin::of(&after.base_url) {
        return Ok(Vec::new());
    }
    let keys = all_of(plane, Some(before.id)).await?;
    let moved = keys.into_iter().filter(|key| key.base_url.is_none());
    Ok(moved
        .map(|mut key| {
            key.quarantine = Some(Quarantine::OriginChanged);
            key
        })
        .collect())
}

fn worded(plane: &Plane, mut event: AuditEvent, before: &Pool, after: &Pool) -> AuditEvent {
    if before.base_url != after.base_url {
        event = event.with("base_url", &after.base_url);
    }
    if before.max_wait_ms != after.max_wait_ms {
        event = event.with("max_wait_ms", after.max_wait_ms);
    }
    if before.fallback != after.fallback {
        let fallback = after.fallback.and_then(|id| plane.pools().by_id(id));
        let fallback = fallback.map_or("none".to_owned(), |pool| pool.settings().name.to_string());
        event = event.with("fallback", fallback);
    }
    event
}
