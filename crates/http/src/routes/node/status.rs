//! The plane at a glance.

use crate::wire::keys::{count, pool_status};
use crate::wire::liveness::counts;
use crate::wire::time::rfc3339;
use axum::Json;
use axum::extract::State;
use portunus_api::keys::{KeyCondition, PoolStatus};
use portunus_api::status::{
    AuthenticationCounts, DecisionCounts, ImportOffer, PoolSummary, Status, StoreCondition,
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
    let pools = status.pools.iter();
    let pools = pools.map(|pool| pool_status(&plane, pool, now));
    let offers = status.offers.iter().map(|offer| ImportOffer {
        variable: offer.variable.to_owned(),
        pool: offer.protocol.as_str().to_owned(),
    });
    Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: rfc3339(status.started_at),
        uptime_ms: status.started_at.ms_until(now),
        draining: status.draining,
        agents: count(status.agents),
        liveness: counts(&status.liveness),
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
        decisions: DecisionCounts {
            recorded: status.decisions.recorded,
            lost: status.decisions.lost,
            unproven_skipped: status.decisions.unproven_skipped,
            waiting: status.decisions.waiting,
            usage_lost: status.decisions.usage_lost,
            unreadable: status.decisions.unreadable,
        },
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
    ]);
    let resting = [KeyCondition::Resting, KeyCondition::PartlyResting];
    // A resting key is back when the last of its rests ends; all are RFC 3339 of one width, so text order is time order.
    let back = pool
        .keys
        .iter()
        .filter(|key| resting.contains(&key.condition))
        .filter_map(|key| key.rests.iter().map(|rest| &rest.until).max());
    PoolSummary {
        pool: pool.pool.clone(),
        keys: count(pool.keys.len()),
        ready,
        resting: in_condition(&resting),
        quarantined: in_condition(&[KeyCondition::Quarantined]),
        disabled: in_condition(&[KeyCondition::Disabled]),
        unreachable: count(
            pool.keys
                .iter()
                .filter(|key| key.unreachable.is_some())
                .count(),
        ),
        waiting: pool.waiting,
        ready_at: back.min().filter(|_| ready == 0).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_api::keys::{KeyStatus, Rest};

    fn key(condition: KeyCondition, until: &str) -> KeyStatus {
        let rest = Rest {
            family: Some("opus".into()),
            kind: "5h".into(),
            until: until.into(),
            remaining_ms: 1,
            reason: "quota".into(),
        };
        KeyStatus {
            id: "key_1".into(),
            label: "a".into(),
            priority: 0,
            condition,
            quarantine: None,
            unreachable: None,
            rests: vec![rest],
            windows: Vec::new(),
            in_flight: 0,
            ramp: None,
            last_used_at: None,
        }
    }

    #[test]
    fn a_partly_resting_key_is_not_called_ready() {
        let pool = PoolStatus {
            pool: "anthropic".into(),
            waiting: 0,
            oldest_wait_ms: 0,
            keys: vec![
                key(KeyCondition::Resting, "2026-03-01T14:00:00.000Z"),
                key(KeyCondition::PartlyResting, "2026-03-01T13:00:00.000Z"),
            ],
        };
        let summary = summary(&pool);
        assert_eq!((summary.ready, summary.resting), (0, 2));
        let ready_at = summary.ready_at.as_deref();
        assert_eq!(ready_at, Some("2026-03-01T13:00:00.000Z"));
    }
}
