//! Provider keys on the wire: how they are configured, and how they fare.

use super::time::rfc3339;
use portunus_api::keys as api;
use portunus_app::Plane;
use portunus_app::pools::PoolHandle;
use portunus_core::pool::{KeyStatus, RestView, Standing, WindowId, WindowScope, WindowView};
use portunus_core::provider_key::{KeySwitch, ProviderKey, Quarantine};
use portunus_core::time::Timestamp;

/// A key as it is configured.
pub(crate) fn key(plane: &Plane, key: &ProviderKey) -> api::Key {
    // A pool is never removed, so it is always there.
    let pool = plane.pools().by_id(key.pool).map(|pool| pool.settings());
    let base_url = key.base_url.as_deref();
    let base_url = base_url.or_else(|| pool.as_deref().map(|pool| pool.base_url.as_str()));
    let unreachable = base_url.and_then(|base_url| unreachable(plane, base_url));
    let pool = pool.map_or_else(|| key.pool.to_string(), |pool| pool.name.to_string());
    api::Key {
        id: key.id.to_string(),
        pool,
        label: key.label.to_string(),
        priority: key.priority,
        base_url: key.base_url.clone(),
        fingerprint: key
            .fingerprint
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        enabled: key.switch == KeySwitch::Enabled,
        quarantine: key.quarantine.map(quarantine),
        unreachable,
        created_at: rfc3339(key.created_at),
    }
}

/// That an upstream could not be reached when it was tried last.
pub(crate) fn unreachable(plane: &Plane, base_url: &str) -> Option<api::Unreachable> {
    let found = plane.pools().reach().out_of_reach(base_url, plane.now())?;
    Some(api::Unreachable {
        base_url: base_url.to_owned(),
        since: rfc3339(found.since),
        tried_at: rfc3339(found.tried_at),
        why: found.why,
    })
}

const fn quarantine(quarantine: Quarantine) -> api::Quarantine {
    match quarantine {
        Quarantine::CredentialDead => api::Quarantine::CredentialDead,
        Quarantine::OriginChanged => api::Quarantine::OriginChanged,
    }
}

/// How one pool fares at `now`.
pub(crate) fn pool_status(plane: &Plane, pool: &PoolHandle, now: Timestamp) -> api::PoolStatus {
    let status = pool.status();
    let mut keys: Vec<_> = status
        .keys
        .iter()
        .map(|key| key_status(plane, pool, key, now))
        .collect();
    keys.sort_by(|a, b| (a.priority, &a.label).cmp(&(b.priority, &b.label)));
    api::PoolStatus {
        pool: pool.settings().name.to_string(),
        waiting: count(status.waiting),
        oldest_wait_ms: status.oldest_wait.map_or(0, |since| since.ms_until(now)),
        keys,
    }
}

fn key_status(
    plane: &Plane,
    pool: &PoolHandle,
    status: &KeyStatus,
    now: Timestamp,
) -> api::KeyStatus {
    let record = pool.key(status.key);
    let record = record.as_deref();
    api::KeyStatus {
        id: status.key.to_string(),
        label: record.map_or_else(String::new, |record| record.key.label.to_string()),
        priority: status.priority,
        condition: condition(status.standing),
        quarantine: status.quarantine.map(quarantine),
        unreachable: record.and_then(|record| unreachable(plane, &record.base_url)),
        rests: status.rests.iter().map(|view| rest(view, now)).collect(),
        windows: status.windows.iter().map(window).collect(),
        in_flight: u64::from(status.in_flight),
        ramp: status.permits.map(u64::from),
        last_used_at: status.last_used.map(rfc3339),
    }
}

const fn condition(standing: Standing) -> api::KeyCondition {
    match standing {
        Standing::Ready => api::KeyCondition::Ready,
        Standing::Spent => api::KeyCondition::Spent,
        Standing::Ramping => api::KeyCondition::Ramping,
        Standing::PartlyResting => api::KeyCondition::PartlyResting,
        Standing::Resting => api::KeyCondition::Resting,
        Standing::Quarantined => api::KeyCondition::Quarantined,
        Standing::Disabled => api::KeyCondition::Disabled,
    }
}

fn rest(view: &RestView, now: Timestamp) -> api::Rest {
    api::Rest {
        family: family(&view.window),
        kind: view.window.kind.to_string(),
        until: rfc3339(view.until),
        remaining_ms: now.ms_until(view.until),
        reason: view.reason.as_str().to_owned(),
    }
}

fn window(view: &WindowView) -> api::Window {
    api::Window {
        family: family(&view.window),
        kind: view.window.kind.to_string(),
        utilization: view.utilization.map(rounded),
        remaining: view.remaining,
        reset_at: view.reset.map(rfc3339),
    }
}

/// To four digits: what lies beyond is noise of the arithmetic.
fn rounded(fraction: f64) -> f64 {
    (fraction * 10_000.0).round() / 10_000.0
}

fn family(window: &WindowId) -> Option<String> {
    match &window.scope {
        WindowScope::Key => None,
        WindowScope::Family(family) => Some(family.to_string()),
    }
}

pub(crate) fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_have_four_digits() {
        for (fraction, text) in [
            (0.020_000_000_000_000_018, "0.02"),
            (2.0 / 3.0, "0.6667"),
            (1.0, "1.0"),
        ] {
            assert_eq!(serde_json::json!(rounded(fraction)).to_string(), text);
        }
    }
}
