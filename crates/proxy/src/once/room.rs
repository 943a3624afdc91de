//! How much memory answers take: of one agent, and in all. What a tape holds is given back when the tape is dropped, so
//! what slow readers keep alive counts as long as they do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are taken, of one agent or in all.
#[derive(Debug, Default)]
pub(super) struct Account(AtomicUsize);

impl Account {
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// What one tape takes.
#[derive(Debug)]
pub(super) struct Room {
    of_agent: Arc<Account>,
    in_all: Arc<Account>,
    taken: AtomicUsize,
}

impl Room {
    pub(super) fn new(of_agent: Arc<Account>, in_all: Arc<Account>) -> Self {
        Self {
            of_agent,
            in_all,
            taken: AtomicUsize::new(0),
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    /// Takes more; whether there is more is the caller's to know.
    pub(super) fn take(&self, bytes: usize) {
        self.taken.fetch_add(bytes, Ordering::AcqRel);
        self.of_agent.0.fetch_add(bytes, Ordering::AcqRel);
        self.in_all.0.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Gives back all but `bytes`.
    pub(super) fn shrink_to(&self, bytes: usize) {
        let surplus = self.taken().saturating_sub(bytes);
        self.taken.fetch_sub(surplus, Ordering::AcqRel);
        self.of_agent.0.fetch_sub(surplus, Ordering::AcqRel);
        self.in_all.0.fetch_sub(surplus, Ordering::AcqRel);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}
