//! The page that Prometheus gets: counters added up, gauges looked up now.

use super::Metrics;
use super::budgets;
use super::exposition::{Page, number};
use super::gauges::{self, unix_seconds};
use super::histogram::{DURATION, FIRST_BYTE, WAIT as WAIT_BOUNDS};
use super::process;
use super::series::{
    AGENTS, ALARMS_OPEN, ATTEMPTS, AUTHENTICATIONS, BUILD_INFO, CONNECTIONS, COST, DECISIONS_LOST,
    DECISIONS_WAITING, DRAINING, FIRST_BYTE as FIRST_BYTES, HEARTBEATS, LIMITED, OBSERVER_SUSPECT,
    PUSH_CONNECTIONS, PUSH_CUT_OFF, PUSH_EVENTS, REASONING_TOKENS, RELOADS, REQUEST_DURATION,
    REQUESTS, REQUESTS_IN_FLIGHT, SOURCES_PENALISED, START_TIME, STORE_UP, STORE_WRITES,
    TOKEN_READS, TOKENS, TRACES, UNPRICED, USAGE_ESTIMATED, USAGE_LOST, WAIT, WEBHOOK_MESSAGES,
    WRITES_LOST,
};
use super::sheet::Totals;
use crate::liveness::Census;
use crate::plane::Plane;
use crate::status::{Status, status};
use crate::webhook::{Webhook, WebhookCounts};
use std::sync::atomic::Ordering;

/// What the page's `Content-Type` must be.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Requests that never got a key have no pool.
const NO_POOL: &str = "none";

/// Writes the page.
pub async fn scrape(plane: &Plane) -> String {
    let metrics = plane.metrics();
    let status = status(plane).await;
    let mut page = Page::default();
    let version = env!("CARGO_PKG_VERSION");
    page.begin(&BUILD_INFO).sample(&[version], 1.0);
    write_requests(&mut page, &metrics.totals(plane));
    let connections = metrics.connections.get().map_or(0, |count| count.0());
    let connections = u64::try_from(connections).unwrap_or(u64::MAX);
    page.single(&CONNECTIONS, number(connections));
    let push = plane.push().counts();
    let open = u64::try_from(push.open).unwrap_or(u64::MAX);
    page.single(&PUSH_CONNECTIONS, number(open));
    page.single(&PUSH_EVENTS, number(push.events));
    page.single(&PUSH_CUT_OFF, number(push.cut_off));
    gauges::write(&mut page, &status.pools, plane.now());
    budgets::write(&mut page, plane).await;
    write_plane(&mut page, plane, &status);
    process::write(&mut page);
    page.single(&START_TIME, unix_seconds(status.started_at));
    page.into_text()
}

/// The sums of each pool under its present name, and of the requests without one.
type ByPool = Vec<(String, Totals)>;

impl Metrics {
    fn totals(&self, plane: &Plane) -> ByPool {
        let pools = self.pools.load();
        let pools = pools.iter().map(|pool| {
            let handle = plane.pools().by_id(pool.id);
            let name = handle.map_or_else(
                || pool.name.to_string(),
                |handle| handle.settings().name.to_string(),
            );
            (name, pool.sheets.sum())
        });
        let poolless = (NO_POOL.to_owned(), self.poolless.sum());
        pools.chain([poolless]).collect()
    }
}

fn write_requests(page: &mut Page, pools: &ByPool) {
    let mut samples = page.begin(&REQUESTS);
    for (pool, totals) in pools {
        for row in totals.requests() {
            let labels = [row.endpoint, pool, row.outcome, row.status_class];
            samples.sample(&labels, number(row.count));
        }
    }
    let began: u64 = pools.iter().map(|(_, totals)| totals.began).sum();
    let finished: u64 = pools.iter().map(|(_, totals)| totals.finished()).sum();
    page.single(&REQUESTS_IN_FLIGHT, number(began.saturating_sub(finished)));
    let mut samples = page.begin(&REQUEST_DURATION);
    for (pool, totals) in pools {
        for (endpoint, counts) in totals.durations() {
            samples.histogram(&[endpoint, pool], &DURATION, counts);
        }
    }
    let mut samples = page.begin(&FIRST_BYTES);
    for (pool, totals) in pools {
        for (endpoint, counts) in totals.first_bytes() {
            samples.histogram(&[endpoint, pool], &FIRST_BYTE, counts);
        }
    }
    let mut samples = page.begin(&WAIT);
    for (pool, totals) in pools {
        samples.histogram(&[pool], &WAIT_BOUNDS, &totals.waits);
    }
    // What only a key can bring has no row for requests without a pool.
    write_use(page, pools.split_last().map_or(&[], |(_, used)| used));
}

fn write_use(page: &mut Page, pools: &[(String, Totals)]) {
    let mut samples = page.begin(&ATTEMPTS);
    for (pool, totals) in pools {
        for (class, count) in totals.attempts() {
            samples.sample(&[pool, class], number(count));
        }
    }
    let mut samples = page.begin(&TOKENS);
    for (pool, totals) in pools {
        for (kind, count) in totals.tokens() {
            samples.sample(&[pool, kind], number(count));
        }
    }
    let mut each = |series, value: fn(&Totals) -> f64| {
        let mut samples = page.begin(series);
        for (pool, totals) in pools {
            samples.sample(&[pool], value(totals));
        }
    };
    each(&REASONING_TOKENS, |totals| number(totals.reasoning));
    each(&USAGE_ESTIMATED, |totals| number(totals.estimated));
    each(&COST, |totals| number(totals.cost_nanos) / 1e9);
    each(&UNPRICED, |totals| number(totals.unpriced));
}

fn write_plane(page: &mut Page, plane: &Plane, status: &Status<'_>) {
    let mut samples = page.begin(&AUTHENTICATIONS);
    let counts = status.authentication;
    samples.sample(&["accepted"], number(counts.accepted));
    samples.sample(&["missing"], number(counts.missing));
    samples.sample(&["rejected"], number(counts.rejected));
    write_admission(page, plane);
    write_liveness(page, &status.liveness);
    let up = if status.store.is_ok() { 1.0 } else { 0.0 };
    page.single(&STORE_UP, up);
    page.single(&STORE_WRITES, number(plane.store.writes()));
    let ledger = plane.ledger().counts();
    page.single(&DECISIONS_LOST, number(ledger.lost));
    page.single(&DECISIONS_WAITING, number(ledger.waiting));
    page.single(&USAGE_LOST, number(ledger.usage_lost));
    let traces = plane.telemetry().counts();
    let mut samples = page.begin(&TRACES);
    samples.sample(&["exported"], number(traces.exported));
    samples.sample(&["lost"], number(traces.lost));
    page.single(&WRITES_LOST, number(status.lost_writes));
    page.single(&DRAINING, if status.draining { 1.0 } else { 0.0 });
    let mut samples = page.begin(&RELOADS);
    let reloads = &plane.metrics().reloads;
    let read = |counter: &std::sync::atomic::AtomicU64| number(counter.load(Ordering::Relaxed));
    samples.sample(&["applied"], read(&reloads.applied));
    samples.sample(&["refused"], read(&reloads.refused));
}

fn write_liveness(page: &mut Page, census: &Census) {
    let mut samples = page.begin(&AGENTS);
    for (status, count) in census.agents {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        samples.sample(&[status.as_str()], number(count));
    }
    page.single(&HEARTBEATS, number(census.beats));
    let suspect = if census.is_observer_suspect { 1.0 } else { 0.0 };
    page.single(&OBSERVER_SUSPECT, suspect);
}

fn write_admission(page: &mut Page, plane: &Plane) {
    let counts = plane.admission().counts(plane.now());
    let mut samples = page.begin(&LIMITED);
    for (class, count) in counts.limited {
        samples.sample(&[class.as_str()], number(count));
    }
    samples.sample(&["unverified"], number(counts.unverified));
    let penalised = u64::try_from(counts.penalised).unwrap_or(u64::MAX);
    page.single(&TOKEN_READS, number(plane.cold.made()));
    page.single(&SOURCES_PENALISED, number(penalised));
    let open = u64::try_from(plane.alarms().count()).unwrap_or(u64::MAX);
    page.single(&ALARMS_OPEN, number(open));
    let webhooks = [plane.alarms().webhook(), plane.notifications().webhook()];
    let counts = webhooks.into_iter().flatten().map(Webhook::counts);
    let counts = counts.fold(WebhookCounts::default(), |sum, one| WebhookCounts {
        delivered: sum.delivered + one.delivered,
        lost: sum.lost + one.lost,
    });
    let mut messages = page.begin(&WEBHOOK_MESSAGES);
    messages.sample(&["delivered"], number(counts.delivered));
    messages.sample(&["lost"], number(counts.lost));
}
