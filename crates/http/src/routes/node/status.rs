//! The plane at a glance.

use crate::wire::keys::{count, pool_status};
use crate::wire::time::rfc3339;
use axum::Json;
use axum::extract::State;
use portunus_api::keys::{KeyCondition, PoolStatus};
use portunus_api::status::{
    AuthenticationCounts, ImportOffer, PoolSummary, Status, StoreCondition,
};
use portunus_app::Plane;
use portunus_app::status::status;
use portunus_core::scope::Scope;
use std::sync::Arc;

pub(crate) const SCOPE: Scope = Scope {
    resource: "status",
    verb: "show",
};

/// The plane at a glance
#[utoipa::path(
    get,
    path = "/api/v1/status",
    operation_id = "status",
    tag = "node",
    responses((status = 200, description = "Agents, pools and what needs attention", body = Status))
)]
pub(crate) async fn handle(State(plane): State<Arc<Plane>>) -> Json<Status> {
    let now = plane.now();
    let status = status(&plane).await;
    let pools = status.pools.iter().map(|pool| pool_status(pool, now));
    let offers = status.offers.iter().map(|offer| ImportOffer {
        variable: offer.variable.to_owned(),
        pool: offer.protocol.as_str().to_owned(),
    });
    Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: rfc3339(status.started_at),
        uptime_ms: status.started_at.ms_until(now),
        agents: count(status.agents),
        store: match status.store {
            Ok(()) => StoreCondition::Available,
            Err(_) => StoreCondition::Unavailable,
        },
        pools: pools.map(|pool| summary(&pool)).collect(),
        authentication: AuthenticationCounts {
            accepted: status.authentication.accepted,
            missing: status.authentication.missing,
            rejected: status.authentication.rejected,
        },
        lost_writes: status.lost_writes,
        import_offers: offers.collect(),
    })
}

fn summary(pool: &PoolStatus) -> PoolSummary {
    let in_condition = |wanted: &[KeyCondition]| {
        let keys = pool.keys.iter();
        count(keys.filter(|key| wanted.contains(&key.condition)).count())
    };
    let ready = in_condition(&[
        KeyCondition::Ready,
        KeyCondition::Ramping,
        KeyCondition::Spent,
        KeyCondition::PartlyResting,
    ]);
    // A resting key is back when the last of its rests ends; all are RFC 3339 of one width, so text order is time order.
    let back = pool
        .keys
        .iter()
        .filter(|key| key.condition == KeyCondition::Resting)
        .filter_map(|key| key.rests.iter().map(|rest| &rest.until).max());
    PoolSummary {
        pool: pool.pool.clone(),
        keys: count(pool.keys.len()),
        ready,
        resting: in_condition(&[KeyCondition::Resting]),
        quarantined: in_condition(&[KeyCondition::Quarantined]),
        disabled: in_condition(&[KeyCondition::Disabled]),
        waiting: pool.waiting,
        ready_at: back.min().filter(|_| ready == 0).cloned(),
    }
}
