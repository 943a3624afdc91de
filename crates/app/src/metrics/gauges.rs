//! Gauges of the pools: keys by state, what each key does, and who waits.

use super::exposition::{Page, number};
use super::histogram::seconds;
use super::series::{
    KEY_IN_FLIGHT, KEY_RESTING, KEY_RESTS_UNTIL, KEY_UTILIZATION, KEYS, QUEUE_LENGTH,
    QUEUE_OLDEST_WAIT,
};
use crate::pools::PoolHandle;
use portunus_core::name::Slug;
use portunus_core::pool::{KeyStatus, PoolStatus, Standing};
use portunus_core::time::Timestamp;

/// One pool as it stands when somebody asks.
struct PoolView {
    name: Slug,
    status: PoolStatus,
    /// Labels of its keys, in the order of the status; empty for one that was removed this very moment.
    labels: Vec<String>,
}

impl PoolView {
    fn of(pool: &PoolHandle) -> Self {
        let status = pool.status();
        let keys = status.keys.iter();
        let labels = keys.map(|key| {
            let record = pool.key(key.key);
            record.map_or_else(String::new, |record| record.key.label.to_string())
        });
        Self {
            name: pool.settings().name.clone(),
            labels: labels.collect(),
            status,
        }
    }

    fn keys(&self) -> impl Iterator<Item = (&str, &KeyStatus)> {
        let keys = self.labels.iter().zip(&self.status.keys);
        keys.map(|(label, key)| (label.as_str(), key))
            .filter(|(label, _)| !label.is_empty())
    }
}

/// Writes the gauges of all pools.
pub(super) fn write(page: &mut Page, pools: &[std::sync::Arc<PoolHandle>], now: Timestamp) {
    let pools: Vec<PoolView> = pools.iter().map(|pool| PoolView::of(pool)).collect();
    let mut keys = page.begin(&KEYS);
    for pool in &pools {
        for standing in Standing::ALL {
            let there = pool.keys().filter(|(_, key)| key.standing == standing);
            let count = u64::try_from(there.count()).unwrap_or(u64::MAX);
            keys.sample(&[pool.name.as_str(), standing.as_str()], number(count));
        }
    }
    each_key(page, &KEY_RESTING, &pools, |key| {
        Some(if key.rests.is_empty() { 0.0 } else { 1.0 })
    });
    each_key(page, &KEY_RESTS_UNTIL, &pools, |key| {
        let until = key.rests.iter().map(|rest| rest.until).max()?;
        Some(unix_seconds(until))
    });
    each_key(page, &KEY_IN_FLIGHT, &pools, |key| {
        Some(f64::from(key.in_flight))
    });
    each_key(page, &KEY_UTILIZATION, &pools, |key| {
        let told = key.windows.iter().filter_map(|window| window.utilization);
        told.reduce(f64::max)
    });
    write_queues(page, &pools, now);
}

fn write_queues(page: &mut Page, pools: &[PoolView], now: Timestamp) {
    let mut lengths = page.begin(&QUEUE_LENGTH);
    for pool in pools {
        let waiting = u64::try_from(pool.status.waiting).unwrap_or(u64::MAX);
        lengths.sample(&[pool.name.as_str()], number(waiting));
    }
    let mut oldest = page.begin(&QUEUE_OLDEST_WAIT);
    for pool in pools {
        let since = pool.status.oldest_wait;
        let waited_ms = since.map_or(0, |since| since.ms_until(now));
        let waited = seconds(waited_ms.saturating_mul(1_000));
        oldest.sample(&[pool.name.as_str()], waited);
    }
}

fn each_key(
    page: &mut Page,
    series: &'static super::series::Series,
    pools: &[PoolView],
    value: impl Fn(&KeyStatus) -> Option<f64>,
) {
    let mut samples = page.begin(series);
    for pool in pools {
        for (label, key) in pool.keys() {
            if let Some(value) = value(key) {
                samples.sample(&[pool.name.as_str(), label], value);
            }
        }
    }
}

/// A moment in Unix time.
pub(super) fn unix_seconds(at: Timestamp) -> f64 {
    seconds(at.as_millis().saturating_mul(1_000))
}
