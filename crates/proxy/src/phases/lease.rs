//! Third phase: the use of one key. Waiting happens here, in the pool's fair queue, and nowhere else.

use crate::call::Call;
use crate::refusal::Refusal;
use portunus_app::pools::{Attempted, Lease};
use portunus_core::ids::KeyId;
use portunus_core::pool::Leave;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Which key the next attempt would like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Whichever the pool gives.
    Any,
    /// The one that was just tried, if it is free.
    Same(KeyId),
    /// Another than the one that was just tried, if there is one.
    Other(KeyId),
}

/// Gets a lease: at once if some key is free, else when the pool's queue says so.
pub(crate) async fn lease(call: &mut Call, wish: Wish) -> Result<Lease, Refusal> {
    if let Some(lease) = wished_for(call, wish) {
        return Ok(lease);
    }
    let pools = call.door.plane.pools();
    if let Attempted::Granted(lease) = pools.try_lease(&call.pool, &call.ask) {
        return Ok(lease);
    }
    let leave = if call.streams() {
        Leave::Forget
    } else {
        Leave::KeepPlace
    };
    call.record.begin_wait();
    let outcome = pools
        .lease(&call.pool, &call.ask, place(call), call.deadline, leave)
        .await;
    call.record.end_wait();
    outcome.map_err(|refused| Refusal::no_key(call, &refused))
}

fn wished_for(call: &Call, wish: Wish) -> Option<Lease> {
    let mut ask = call.ask.clone();
    match wish {
        Wish::Any => return None,
        Wish::Same(key) => ask.bound = Some(key),
        Wish::Other(key) => ask.excluded.push(key),
    }
    match call.pool.try_lease(&ask) {
        Attempted::Granted(lease) => Some(lease),
        Attempted::Wait { .. } | Attempted::Impossible(_) => None,
    }
}

/// What tells this request from the agent's others, so that a repetition finds the place that it left.
fn place(call: &Call) -> u64 {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    hasher.hash_one((call.target.path(), &call.body))
}
