//! How many decisions were recorded, and what was lost on the way, since the start.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many unreadable segments are remembered.
const MOST_UNREADABLE: usize = 10_000;

/// What became of the decisions of this run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerCounts {
    /// Decisions that were taken in.
    pub recorded: u64,
    /// Decisions that were lost, because the store did not take them and no room was left.
    pub lost: u64,
    /// Decisions of requests without a proven agent that were left out, because too many came at once.
    pub unproven_skipped: u64,
    /// Decisions that wait for a store that did not take them.
    pub waiting: u64,
    /// Requests whose usage could not be added to any sum.
    pub usage_lost: u64,
    /// Decisions that were found in the store and could not be read: another release wrote them, or they are damaged.
    pub unreadable: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    recorded: AtomicU64,
    lost: AtomicU64,
    unproven_skipped: AtomicU64,
    usage_lost: AtomicU64,
    /// By the first number of their segment, so that reading twice does not count twice.
    unreadable: Mutex<BTreeMap<u64, u64>>,
}

impl Counters {
    pub(super) fn recorded(&self) {
        self.recorded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lost(&self, decisions: u64) {
        self.lost.fetch_add(decisions, Ordering::Relaxed);
    }

    pub(super) fn unproven_skipped(&self) {
        self.unproven_skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn usage_lost(&self, requests: u64) {
        if requests > 0 {
            self.usage_lost.fetch_add(requests, Ordering::Relaxed);
        }
    }

    pub(super) fn unreadable(&self, segment: u64, decisions: u64) {
        let mut known = self.unreadable.lock();
        if known.len() < MOST_UNREADABLE || known.contains_key(&segment) {
            known.insert(segment, decisions);
        }
    }

    pub(super) fn read(&self, waiting: u64) -> LedgerCounts {
        LedgerCounts {
            recorded: self.recorded.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            unproven_skipped: self.unproven_skipped.load(Ordering::Relaxed),
            waiting,
            usage_lost: self.usage_lost.load(Ordering::Relaxed),
            unreadable: self.unreadable.lock().values().sum(),
        }
    }
}
