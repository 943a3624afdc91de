//! Lists pools, and finds one by its name or its id. There are few, so a list has no pages.

use crate::plane::Plane;
use portunus_core::ids::PoolId;
use portunus_core::name::Slug;
use portunus_core::provider_key::Pool;
use std::sync::Arc;

/// No pool has this name or id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no pool has this name or id")]
pub struct NoSuchPool;

/// Every pool, by name.
#[must_use]
pub fn list(plane: &Plane) -> Vec<Arc<Pool>> {
    let pools = plane.pools().all();
    pools.iter().map(|pool| pool.settings()).collect()
}

/// The pool that `reference`, a name or an id, means.
pub fn show(plane: &Plane, reference: &str) -> Result<Arc<Pool>, NoSuchPool> {
    let handle = match reference.parse::<PoolId>() {
        Ok(id) => plane.pools().by_id(id),
        Err(_) => reference
            .parse::<Slug>()
            .ok()
            .and_then(|name| plane.pools().pool(&name)),
    };
    handle.map(|handle| handle.settings()).ok_or(NoSuchPool)
}
