//! What Prometheus reads: counters that every finished request moves, and gauges that are looked up when somebody asks.
//!
//! `series` lists all there is, `sheet` counts, `scrape` puts both on one page, `exposition` knows the text format.
//! Labels are names that operators chose or words of ours; nothing that a client writes becomes one, so the number of
//! series is bounded by pools and keys.

mod budgets;
mod endpoint;
mod exposition;
mod gauges;
mod histogram;
mod process;
mod scrape;
pub mod series;
mod sheet;

pub(crate) use exposition::number;
pub(crate) use histogram::seconds;
pub use scrape::{CONTENT_TYPE, scrape};

use arc_swap::ArcSwap;
use endpoint::EndpointLabel;
use portunus_core::decision::Decision;
use portunus_core::ids::PoolId;
use portunus_core::name::Slug;
use sheet::{AttemptClass, Sharded};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Every counter of one plane. Counting takes no lock and formats nothing: it adds to numbers that belong to the pool
/// and, as a rule, to the calling thread alone.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Of requests that never got a key.
    poolless: Arc<Sharded>,
    /// One for each pool that was ever used, in the order of their ids.
    pools: ArcSwap<Vec<PoolSheets>>,
    reloads: Reloads,
    public: AtomicBool,
    connections: OnceLock<Counter>,
}

/// Counts something that somebody else knows.
struct Counter(Box<dyn Fn() -> usize + Send + Sync>);

impl std::fmt::Debug for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counter(..)")
    }
}

/// The counters of one pool.
#[derive(Clone, Debug)]
struct PoolSheets {
    id: PoolId,
    /// As it was called when it was first used.
    name: Slug,
    sheets: Arc<Sharded>,
}

/// How often the configuration was read again.
#[derive(Debug, Default)]
struct Reloads {
    applied: AtomicU64,
    refused: AtomicU64,
}

/// What came of reading the configuration again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// It holds from now on.
    Applied,
    /// It had mistakes; the old one stays.
    Refused,
}

/// Who may read the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readers {
    /// Whoever has the scope `metrics.read`.
    #[default]
    WithScope,
    /// Anybody who reaches the listener.
    Anybody,
}

impl Metrics {
    /// A request came in at the model door; [`Metrics::observe`] is told when it is over.
    pub fn began(&self) {
        self.poolless.mine().began.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that is over.
    pub fn observe(&self, decision: &Decision) {
        let mut pools = self.pools.load();
        let mut attempts = decision.attempts();
        if attempts.any(|attempt| find(&pools, attempt.pool).is_none()) {
            self.enter(decision);
            pools = self.pools.load();
        }
        let mut last = None;
        for attempt in decision.attempts() {
            last = find(&pools, attempt.pool).map(|pool| pool.sheets.mine());
            if let Some(sheet) = last {
                sheet.count_attempt(AttemptClass::of(&attempt.class));
            }
        }
        let endpoint = EndpointLabel::of(&decision.endpoint);
        let sheet = last.unwrap_or_else(|| self.poolless.mine());
        sheet.count_request(endpoint, decision);
    }

    /// Gives pools their sheets that are used for the first time.
    fn enter(&self, decision: &Decision) {
        self.pools.rcu(|known| {
            let mut pools = Vec::clone(known);
            for attempt in decision.attempts() {
                if let Err(place) = pools.binary_search_by_key(&attempt.pool, |pool| pool.id) {
                    let sheets = PoolSheets {
                        id: attempt.pool,
                        name: attempt.pool_name.clone(),
                        sheets: Arc::default(),
                    };
                    pools.insert(place, sheets);
                }
            }
            pools
        });
    }

    /// The configuration was read again.
    pub fn reloaded(&self, outcome: ReloadOutcome) {
        let counter = match outcome {
            ReloadOutcome::Applied => &self.reloads.applied,
            ReloadOutcome::Refused => &self.reloads.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// How the open connections are counted. Only the first call counts.
    pub fn connections_by(&self, count: impl Fn() -> usize + Send + Sync + 'static) {
        let _ = self.connections.set(Counter(Box::new(count)));
    }

    /// Who may read the page from now on.
    pub fn open_to(&self, readers: Readers) {
        let public = readers == Readers::Anybody;
        self.public.store(public, Ordering::Relaxed);
    }

    /// Who may read the page.
    #[must_use]
    pub fn readers(&self) -> Readers {
        if self.public.load(Ordering::Relaxed) {
            Readers::Anybody
        } else {
            Readers::WithScope
        }
    }
}

fn find(pools: &[PoolSheets], id: PoolId) -> Option<&PoolSheets> {
    let place = pools.binary_search_by_key(&id, |pool| pool.id).ok()?;
    pools.get(place)
}

#[cfg(test)]
mod tests;
