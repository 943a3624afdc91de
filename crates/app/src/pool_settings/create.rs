//! Creates a pool with a data key of its own.

use super::fallback::{FallbackError, resolve};
use super::{MaxWait, default_base_url};
use crate::audit::{Detailed, caused};
use crate::entropy;
use crate::failure::Failure;
use crate::once::Asked;
use crate::plane::Plane;
use crate::upstream_policy::UpstreamError;
use portunus_core::ids::PoolId;
use portunus_core::name::Slug;
use portunus_core::provider_key::{Pool, Protocol};
use portunus_store::StoreError;
use std::sync::Arc;

/// What a new pool shall be.
#[derive(Clone, Debug)]
pub struct NewPool {
    /// Its name.
    pub name: Slug,
    /// What its clients and its upstream speak.
    pub protocol: Protocol,
    /// The upstream; the protocol's own provider when `None`.
    pub base_url: Option<String>,
    /// How long a request may wait for a key.
    pub max_wait: MaxWait,
    /// Name of the pool that serves while this one has no ready key.
    pub fallback: Option<String>,
}

/// Why there is no new pool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreatePoolError {
    /// A pool has the name.
    #[error("a pool with this name exists")]
    NameTaken,
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

/// Creates a pool.
pub async fn create(
    plane: &Arc<Plane>,
    asked: impl Into<Asked<Arc<Pool>>>,
    new: NewPool,
) -> Result<Arc<Pool>, CreatePoolError> {
    let asked = asked.into();
    plane
        .to_the_end(move |plane| async move {
            let _changes = plane.changes.lock().await;
            let now = plane.clock.now();
            let id = PoolId::from_bytes(entropy::draw().map_err(Failure::from)?);
            let base_url = new.base_url.as_deref();
            let base_url = base_url.unwrap_or(default_base_url(new.protocol));
            let base_url = plane.upstream_policy().check_url(base_url)?.to_string();
            let fallback = new.fallback.as_deref();
            let fallback = fallback.map(|name| resolve(&plane, id, new.protocol, name));
            let pool = Pool {
                id,
                name: new.name,
                protocol: new.protocol,
                base_url,
                max_wait_ms: new.max_wait.as_millis(),
                fallback: fallback.transpose()?,
                wrapped_data_key: plane
                    .pools()
                    .vault()
                    .new_data_key(id)
                    .map_err(Failure::from)?,
                created_at: now,
            };
            let event = caused(asked.by(), now, "pool.created", &pool.name)
                .with("id", pool.id)
                .with("protocol", pool.protocol.as_str())
                .with("base_url", &pool.base_url)
                .with("max_wait_ms", pool.max_wait_ms);
            let pool = Arc::new(pool);
            let event = asked.sign(event, &pool)?;
            match plane.store.create_pool(&pool, &event).await {
                Err(StoreError::NameTaken) => return Err(CreatePoolError::NameTaken),
                other => other.map_err(Failure::from)?,
            }
            plane
                .pools()
                .put_pool(Pool::clone(&pool))
                .map_err(Failure::from)?;
            Ok(pool)
        })
        .await
}
