//! Saving what is spent behind the requests, so that a crash forgets at most half a second of it.
//!
//! Accounts whose spending changed stand in a queue; a task gathers them for a moment and saves them in few
//! transactions. While nothing is spent it sleeps; while the store is down the latest spending waits here.

use super::accounts::SharedAccount;
use parking_lot::Mutex;
use portunus_core::budget::{Quantity, Subject};
use portunus_store::{Spending, Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// How long changes are gathered before they are saved.
const GATHERED: Duration = Duration::from_millis(400);
/// First pause after a failed save; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(350);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// How much is saved in one transaction: other changes need their turn.
const AT_ONCE: usize = 16_384;

/// What is to be saved.
#[derive(Default)]
pub(super) struct Keeper {
    changed: Mutex<Vec<Arc<SharedAccount>>>,
    added: Notify,
    /// What the store did not take yet; of one place there, what comes later counts. Held for as long as somebody saves.
    pending: tokio::sync::Mutex<Vec<Spending>>,
}

impl Keeper {
    /// Notes that an account's spending changed.
    pub(super) fn note(&self, account: &Arc<SharedAccount>) {
        if account.queue() {
            self.changed.lock().push(Arc::clone(account));
            self.added.notify_one();
        }
    }

    /// Saves all that was spent so far, or tells why it cannot.
    pub(super) async fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut pending = self.pending.lock().await;
        for account in std::mem::take(&mut *self.changed.lock()) {
            pending.extend(account.take_unsaved());
        }
        let mut saved = 0;
        let mut outcome = Ok(());
        while let Some(chunk) = pending.get(saved..).filter(|rest| !rest.is_empty()) {
            let chunk = chunk.get(..AT_ONCE).unwrap_or(chunk);
            outcome = store.save_spending(chunk).await;
            if outcome.is_err() {
                break;
            }
            saved += chunk.len();
        }
        pending.drain(..saved);
        if outcome.is_err() {
            keep_latest(&mut pending);
        }
        outcome
    }

    /// Saves for as long as the plane runs.
    pub(super) async fn keep_saving(&self, store: &dyn Store) {
        loop {
            self.added.notified().await;
            tokio::time::sleep(GATHERED).await;
            let mut pause = FIRST_PAUSE;
            while let Err(error) = self.flush(store).await {
                tracing::warn!(%error, "what is spent of budgets is not saved yet");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Leaves one row per place, so that an outage of the store does not gather more and more of them.
fn keep_latest(pending: &mut Vec<Spending>) {
    let latest: HashMap<(Subject, Quantity), Spending> = pending
        .drain(..)
        .map(|row| ((row.subject, row.saved.quantity), row))
        .collect();
    pending.extend(latest.into_values());
}
