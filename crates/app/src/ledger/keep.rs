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

/// How often they are forgotten while none come.
const PRUNED_AT_REST: Duration = Duration::from_secs(3_600);

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

impl Ledger {
    /// Changes how many decisions are kept, from now on.
    pub fn retain(&self, keep: Keep) {
        self.keep.days.store(keep.days, Ordering::Relaxed);
        self.keep.bytes.store(keep.bytes, Ordering::Relaxed);
    }

    /// Saves for as long as the plane runs.
    pub(crate) async fn keep_saving(&self, store: &dyn Store, clock: &dyn Clock) {
        let (mut pause, mut pruned_at) = (GATHERED, Instant::now());
        loop {
            let pruning = pruned_at + self.pruned_every();
            let came = tokio::time::timeout_at(pruning, self.something()).await;
            if came.is_ok() {
                tokio::time::sleep(pause).await;
                match self.save(store).await {
                    Ok(()) => pause = GATHERED,
                    Err(error) => {
                        tracing::warn!(%error, "decisions and usage wait for the database");
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
            }
            if pruned_at.elapsed() >= self.pruned_every() {
                self.unpruned.store(0, Ordering::Relaxed);
                self.prune(store, clock.now()).await;
                pruned_at = Instant::now();
            }
        }
    }

    /// How long old decisions may stay, by what was saved since some were forgotten.
    fn pruned_every(&self) -> Duration {
        match self.unpruned.load(Ordering::Relaxed) {
            0 => PRUNED_AT_REST,
            saved if saved < PRUNED_AFTER => PRUNED_EVERY,
            _ => Duration::ZERO,
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

    /// Saves everything recorded so far. What the store does not take stays.
    ///
    /// The future must run to its end: what it saved would otherwise be saved again.
    pub(crate) async fn save(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _only_one = self.saving.lock().await;
        self.gather();
        loop {
            let batch = {
                let mut pending = self.pending.lock();
                if pending.is_empty() {
                    return Ok(());
                }
                pending.batch()
            };
            match store.save_ledger(&batch).await {
                Ok(()) => {
                    let saved = batch.segment.as_ref().map_or(0, |one| one.bytes.len());
                    self.unpruned.fetch_add(saved, Ordering::Relaxed);
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
