//! The one task that empties the shards, saves what was in them, and forgets what is too old.

use super::Ledger;
use portunus_core::time::{Clock, Timestamp};
use portunus_store::{Retention, Store, StoreError};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How long decisions are gathered before they are saved. A crash loses what came in this time, and what the save
/// itself took.
const GATHERED: Duration = Duration::from_millis(400);

/// The longest pause after failed saves.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often old decisions are forgotten while new ones come.
const PRUNED_EVERY: Duration = Duration::from_secs(60);

/// After how many saved bytes they are forgotten earlier.
const PRUNED_AFTER: usize = 8 << 20;

const DAY_MS: u64 = 86_400_000;

/// How many decisions are kept: what exceeds either bound is forgotten, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// For how many days.
    pub days: u32,
    /// In how many bytes of the database; zero keeps none.
    pub bytes: u64,
}

impl Default for Keep {
    /// A week, and a quarter of a gibibyte.
    fn default() -> Self {
        Self {
            days: 7,
            bytes: 256 << 20,
        }
    }
}

/// A [`Keep`] that may be changed at run time.
#[derive(Debug)]
pub(super) struct KeepCell {
    days: AtomicU32,
    bytes: AtomicU64,
}

impl Default for KeepCell {
    fn default() -> Self {
        let Keep { days, bytes } = Keep::default();
        Self {
            days: days.into(),
            bytes: bytes.into(),
        }
    }
}

impl KeepCell {
    /// Whether decisions are kept at all.
    pub(super) fn decisions(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > 0
    }

    fn retention(&self, now: Timestamp) -> Retention {
        let days = u64::from(self.days.load(Ordering::Relaxed));
        Retention {
            since: now.minus_ms(days.saturating_mul(DAY_MS)),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// When decisions were forgotten last, and what came since then.
#[derive(Debug)]
struct Pruning {
    at: Instant,
    saved: usize,
}

impl Pruning {
    fn is_due(&self) -> bool {
        self.saved >= PRUNED_AFTER || (self.saved > 0 && self.at.elapsed() >= PRUNED_EVERY)
    }
}

impl Ledger {
    /// Changes how many decisions are kept, from now on.
    pub fn retain(&self, keep: Keep) {
        self.keep.days.store(keep.days, Ordering::Relaxed);
        self.keep.bytes.store(keep.bytes, Ordering::Relaxed);
    }

    /// Saves for as long as the plane runs.
    pub(crate) async fn keep_saving(&self, store: &dyn Store, clock: &dyn Clock) {
        let mut pause = GATHERED;
        // What an earlier run left is looked at soon after the start.
        let mut pruning = Pruning {
            at: Instant::now(),
            saved: 1,
        };
        loop {
            self.something().await;
            tokio::time::sleep(pause).await;
            match self.save(store).await {
                Ok(saved) => {
                    pause = GATHERED;
                    pruning.saved += saved;
                }
                Err(error) => {
                    tracing::warn!(%error, "decisions and usage wait for the database");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            if pruning.is_due() {
                self.prune(store, clock.now()).await;
                pruning = Pruning {
                    at: Instant::now(),
                    saved: 0,
                };
            }
        }
    }

    async fn prune(&self, store: &dyn Store, now: Timestamp) {
        match store.prune_decisions(self.keep.retention(now)).await {
            Ok(0) => {}
            Ok(decisions) => tracing::debug!(decisions, "forgot old decisions"),
            Err(error) => tracing::warn!(%error, "old decisions could not be forgotten"),
        }
    }

    /// Waits until there is something to save.
    async fn something(&self) {
        loop {
            self.asleep.store(true, Ordering::SeqCst);
            if self.holds_something() {
                self.asleep.store(false, Ordering::SeqCst);
                return;
            }
            self.wake.notified().await;
        }
    }

    pub(super) fn holds_something(&self) -> bool {
        !self.pending.lock().is_empty() || self.shards.iter().any(|shard| !shard.lock().is_empty())
    }

    /// Takes everything out of the shards.
    pub(super) fn gather(&self) {
        let mut pending = self.pending.lock();
        if !pending.has_room() {
            return;
        }
        let mut full = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            if !shard.is_empty() {
                full.push(std::mem::replace(&mut *shard, pending.spare()));
            }
        }
        pending.take_in(full);
    }

    /// Saves everything recorded so far, and gives the bytes of decisions saved. What the store does not take stays.
    ///
    /// The future must run to its end: what it saved would otherwise be saved again.
    pub(crate) async fn save(&self, store: &dyn Store) -> Result<usize, StoreError> {
        let _only_one = self.saving.lock().await;
        self.gather();
        let mut saved = 0;
        loop {
            let batch = {
                let mut pending = self.pending.lock();
                if pending.is_empty() {
                    return Ok(saved);
                }
                pending.batch()
            };
            match store.save_ledger(&batch).await {
                Ok(()) => {
                    saved += batch
                        .segment
                        .as_ref()
                        .map_or(0, |segment| segment.bytes.len());
                    self.pending.lock().settle(batch.segment.as_deref());
                }
                Err(error @ StoreError::Unavailable(_)) => {
                    let lost = self.pending.lock().take_back(batch.usage);
                    self.counters.usage_lost(lost);
                    return Err(error);
                }
                Err(error) => {
                    // Trying again would fail again and hold everything else up.
                    tracing::error!(%error, "decisions and usage were refused by the store and are lost");
                    let decisions = batch.segment.as_ref().map_or(0, |segment| segment.count);
                    self.counters.lost(decisions.into());
                    let requests = batch.usage.iter().map(|row| row.requests).sum();
                    self.counters.usage_lost(requests);
                    self.pending.lock().settle(batch.segment.as_deref());
                }
            }
        }
    }
}
