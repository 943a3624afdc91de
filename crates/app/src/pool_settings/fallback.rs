//! Which pool may serve for another: one of the same protocol that does not lead back.

use super::list::show;
use crate::plane::Plane;
use portunus_core::ids::PoolId;
use portunus_core::provider_key::Protocol;

/// Why a pool cannot be the fallback.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FallbackError {
    /// No pool has this name.
    #[error("no pool is named like the fallback")]
    NotFound,
    /// It speaks another protocol.
    #[error("the fallback speaks another protocol")]
    OtherProtocol,
    /// Following fallbacks from it comes back to the pool itself.
    #[error("the fallback falls back to the pool itself")]
    Circle,
}

/// The pool named `fallback`, if it may serve for `pool`.
pub(super) fn resolve(
    plane: &Plane,
    pool: PoolId,
    protocol: Protocol,
    fallback: &str,
) -> Result<PoolId, FallbackError> {
    let chosen = show(plane, fallback).map_err(|_| FallbackError::NotFound)?;
    if chosen.protocol != protocol {
        return Err(FallbackError::OtherProtocol);
    }
    let mut next = Some(chosen.id);
    while let Some(id) = next {
        if id == pool {
            return Err(FallbackError::Circle);
        }
        // Circles are refused here, so the walk ends.
        next = plane
            .pools()
            .by_id(id)
            .and_then(|at| at.settings().fallback);
    }
    Ok(chosen.id)
}
