//! Third phase: the use of one key. Waiting happens here, in the pool's fair queue, and nowhere else.

use super::admit::still_within_scope;
use crate::call::Call;
use crate::outages::Shaky;
use crate::record::millis;
use crate::refusal::Refusal;
use portunus_app::pools::{Attempted, Lease, PoolHandle, Refused};
use portunus_core::ids::KeyId;
use portunus_core::pool::{Ask, Leave};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::Instant;

/// Which key the next attempt would like.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    /// Whichever the pool gives, but last what failed others a moment ago.
    Any,
    /// The one that was just tried, if it is free.
    Same(Arc<PoolHandle>, KeyId),
    /// One that has not failed this request yet, if there is one.
    Other,
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
    let left = call.deadline.saturating_duration_since(Instant::now());
    let deadline = call.door.plane.now().plus_ms(millis(left));
    let earliest = call.pool.earliest(&call.ask);
    call.record
        .begin_wait(call.pool.obstacles(&call.ask), earliest);
    // Boxed: most requests do not wait, and would have to keep room for it.
    let outcome = Box::pin(pools.lease(&call.pool, &call.ask, place(call), deadline, leave)).await;
    call.record.end_wait();
    let leased = outcome.map_err(|refused| Refusal::no_key(call, &refused))?;
    still_within_scope(call)?;
    Ok(leased)
}

/// When there is no time left to wait: a lease on a key that this request has not tried yet, if one is free at once.
/// Without one the request ends as it would in the queue, however many keys come back behind its deadline.
pub(crate) fn last_chance(call: &Call) -> Result<Lease, Refusal> {
    let mut ask = call.ask.clone();
    ask.excluded.extend(call.record.tried());
    let untried = call.door.plane.pools().try_lease(&call.pool, &ask);
    granted(untried).ok_or_else(|| {
        let earliest = call.pool.earliest(&call.ask);
        Refusal::no_key(call, &Refused::Exhausted { earliest })
    })
}

/// A lease on a key of the pool that neither failed this request nor anybody's a moment ago, if one is free at once.
pub(crate) fn sound(call: &Call) -> Option<Lease> {
    let mut avoided = call.failed_keys.clone();
    if let Some(shaky) = call.door.shaky(call.agent) {
        avoided.extend(shaky_keys(call, &shaky));
    }
    within(call, avoided)
}

/// A lease on an upstream that has not failed this request, if one is free at once; the fallback's counts.
pub(crate) fn elsewhere(call: &Call) -> Option<Lease> {
    avoiding(call, |pool| {
        let failed = call
            .failed_at
            .iter()
            .filter(|(failed, _)| *failed == pool.id());
        let base_urls: Vec<String> = failed.map(|(_, base_url)| base_url.to_string()).collect();
        pool.keys_at(&base_urls)
    })
}

fn wished_for(call: &Call, wish: Wish) -> Option<Lease> {
    match wish {
        Wish::Any => {
            let shaky = call.door.shaky(call.agent)?;
            let sound = within(call, shaky_keys(call, &shaky));
            // One key's bad moment is no reason to leave the pool; an upstream that is down is.
            sound.or_else(|| {
                let is_down = !shaky.upstreams.is_empty();
                is_down.then(|| avoiding(call, |pool| pool.keys_at(&shaky.upstreams)))?
            })
        }
        Wish::Same(pool, key) => {
            let bound = Some(key);
            granted(pool.try_lease(&Ask {
                bound,
                ..call.ask.clone()
            }))
        }
        Wish::Other => within(call, call.failed_keys.clone()),
    }
}

fn shaky_keys(call: &Call, shaky: &Shaky) -> Vec<KeyId> {
    let mut keys = call.pool.keys_at(&shaky.upstreams);
    keys.extend(&shaky.keys);
    keys
}

/// A lease of the pool itself on none of these keys, if one is free at once.
fn within(call: &Call, avoided: Vec<KeyId>) -> Option<Lease> {
    if call.ask.bound.is_some() {
        return None;
    }
    let mut ask = call.ask.clone();
    ask.avoided.extend(avoided);
    granted(call.pool.try_lease(&ask))
}

/// A lease of the pool or its fallback on none of the keys that `avoided` names for each. What is bound to one key
/// goes nowhere else.
fn avoiding(call: &Call, avoided: impl Fn(&PoolHandle) -> Vec<KeyId>) -> Option<Lease> {
    if call.ask.bound.is_some() {
        return None;
    }
    let pools = call.door.plane.pools();
    let mut ask = call.ask.clone();
    ask.avoided.extend(avoided(&call.pool));
    if let Some(fallback) = call.pool.settings().fallback.and_then(|id| pools.by_id(id)) {
        ask.avoided.extend(avoided(&fallback));
    }
    granted(pools.try_lease(&call.pool, &ask))
}

fn granted(attempted: Attempted) -> Option<Lease> {
    match attempted {
        Attempted::Granted(lease) => Some(lease),
        Attempted::Wait { .. } | Attempted::Impossible(_) => None,
    }
}

/// What tells this request from the agent's others, so that a repetition finds the place that it left.
fn place(call: &Call) -> u64 {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    hasher.hash_one((call.target.path(), &call.body))
}
