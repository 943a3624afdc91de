//! The ledger: what requests leave behind, on its way from the model door to the store and back to whoever asks.
//!
//! A request that is over writes its decision into the shard of its thread (`shard`), which costs it some hundred
//! nanoseconds and no allocation. One task (`keep`) empties the shards a few times a second and saves what it found in
//! one transaction; while the store is down it keeps what fits and counts the rest. How a decision becomes bytes is
//! in `format`; reading decisions is up to [`crate::decisions`]. Sums of usage go the same way and are not lost with a decision.

mod counts;
pub(crate) mod format;
mod keep;
mod pending;
mod shard;
#[cfg(test)]
mod tests;
mod unproven;
mod usage;
mod waiting;

pub use counts::LedgerCounts;
pub use keep::Keep;

use counts::Counters;
use keep::KeepCell;
use parking_lot::Mutex;
use pending::Pending;
use portunus_core::decision::Decision;
use shard::{Shard, Written};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;
use unproven::Unproven;
use usage::Models;

/// How many shards there are: threads that finish requests seldom meet in one.
const SHARDS: usize = 8;

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which shard this thread writes into.
    static OWN: Cell<usize> = Cell::new(NEXT_THREAD.fetch_add(1, Ordering::Relaxed));
}

/// What requests left behind and the store does not have yet.
#[derive(Debug)]
pub struct Ledger {
    shards: [Mutex<Shard>; SHARDS],
    models: Models,
    unproven: Unproven,
    counters: Counters,
    keep: KeepCell,
    pending: Mutex<Pending>,
    /// Held while the store is given something, so that nothing is given twice.
    saving: tokio::sync::Mutex<()>,
    /// Whether the task waits for the first record.
    asleep: AtomicBool,
    wake: Notify,
    /// How many bytes of decisions were saved, by whomever, since old ones were forgotten.
    unpruned: AtomicUsize,
}

impl Ledger {
    /// An empty one.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self {
            shards: Default::default(),
            models: Models::default(),
            unproven: Unproven::default(),
            counters: Counters::default(),
            keep: KeepCell::default(),
            pending: Mutex::default(),
            saving: tokio::sync::Mutex::default(),
            asleep: AtomicBool::new(false),
            wake: Notify::new(),
            // What an earlier run left is looked at soon after the start.
            unpruned: AtomicUsize::new(1),
        }
    }

    /// Takes in the decision of a request that is over. It never waits for anything but another thread's record.
    pub fn record(&self, decision: &Decision) {
        let kept = self.keep.decisions() && self.is_due(decision);
        {
            let mut shard = self.own_shard().lock();
            if kept {
                match shard.write(decision) {
                    Written::Kept => self.counters.recorded(),
                    Written::Lost => self.counters.lost(1),
                }
            }
            if let Some(agent) = decision.agent {
                let lost = shard.usage.add(agent, decision, &self.models);
                self.counters.usage_lost(lost);
            }
        }
        // The task says that it sleeps before it looks at the shards, and we look at its word after we wrote.
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    /// Requests without a proven agent cost nobody anything, so a flood of them must not push real ones out.
    fn is_due(&self, decision: &Decision) -> bool {
        let due = decision.agent_name.is_some() || self.unproven.admits(decision.at);
        if !due {
            self.counters.unproven_skipped();
        }
        due
    }

    fn own_shard(&self) -> &Mutex<Shard> {
        let own = OWN.with(Cell::get) % SHARDS;
        self.shards.get(own).unwrap_or(&self.shards[0])
    }

    /// What was recorded and what was lost since the start.
    #[must_use]
    pub fn counts(&self) -> LedgerCounts {
        let waiting = self.pending.lock().decisions();
        self.counters.read(waiting)
    }
}
