//! The plane at a glance, for people and programs that look at it.

use crate::credential::authenticate::AuthenticationCounts;
use crate::failure::Failure;
use crate::keys::import_env::{OfferedSecret, offers};
use crate::ledger::LedgerCounts;
use crate::liveness::Census;
use crate::plane::Plane;
use crate::pools::PoolHandle;
use portunus_core::time::Timestamp;
use std::sync::Arc;

/// The plane at a glance.
#[derive(Debug)]
pub struct Status<'a> {
    /// When it started.
    pub started_at: Timestamp,
    /// Whether it is shutting down.
    pub draining: bool,
    /// Living agents.
    pub agents: usize,
    /// How many of them stand how.
    pub liveness: Census,
    /// Whether the database answers.
    pub store: Result<(), Failure>,
    /// The pools, by name.
    pub pools: Vec<Arc<PoolHandle>>,
    /// Credentials since the start.
    pub authentication: AuthenticationCounts,
    /// Facts of the pools that were lost before they were written.
    pub lost_writes: u64,
    /// Decisions since the start.
    pub decisions: LedgerCounts,
    /// What `keys import-env` would add.
    pub offers: &'a [OfferedSecret],
}

/// Looks at the plane.
pub async fn status(plane: &Plane) -> Status<'_> {
    Status {
        started_at: plane.started_at(),
        draining: plane.is_draining(),
        agents: plane.directory.agents(),
        liveness: plane.liveness().census(),
        store: plane.ping_store().await,
        pools: plane.pools().all(),
        authentication: plane.authentication_counts(),
        lost_writes: plane.pools().recorder().lost(),
        decisions: plane.ledger().counts(),
        offers: offers(plane),
    }
}
