//! Writes first uses behind the requests that they happened in.
//!
//! The directory has set the predecessor's deadline by then; the row only makes it survive a restart. While the
//! store is down, first uses wait here.

use crate::directory::Hold;
use crate::plane::Plane;
use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::{Store, StoreError};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Notify;

/// First pause after a failed write; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

impl Plane {
    /// Tells the store of every first use of a principal's tokens, because it decides by them, and holds further ones
    /// back for as long as the answer lives. The caller holds the lock of changes.
    pub(crate) async fn settle_first_uses(&self, whose: Principal) -> Result<Hold, StoreError> {
        let hold = self.directory.hold(whose);
        let now = self.clock.now();
        for kid in hold.used() {
            // One that was made this instant may not be pending yet; what the store knows already stays as it is.
            self.first_uses.add(*kid, now);
        }
        self.first_uses.flush(&*self.store).await?;
        Ok(hold)
    }
}

/// First uses that the store does not know yet.
#[derive(Debug, Default)]
pub(crate) struct FirstUses {
    pending: Mutex<HashMap<Kid, Timestamp>>,
    added: Notify,
}

impl FirstUses {
    /// Remembers a first use, to be written soon.
    pub(crate) fn add(&self, kid: Kid, at: Timestamp) {
        self.pending.lock().entry(kid).or_insert(at);
        self.added.notify_one();
    }

    /// Writes what is pending, or tells why it cannot.
    pub(crate) async fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        let due: Vec<_> = self
            .pending
            .lock()
            .iter()
            .map(|(k, at)| (*k, *at))
            .collect();
        for (kid, at) in due {
            match store.mark_first_use(kid, at).await {
                // A token that is gone has no predecessor to end.
                Ok(()) | Err(StoreError::NotFound) => {
                    self.pending.lock().remove(&kid);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Drops a token that ended before its first use was written.
    pub(crate) fn forget(&self, kid: Kid) {
        self.pending.lock().remove(&kid);
    }

    /// Writes for as long as the plane runs.
    pub(crate) async fn keep_writing(&self, store: &dyn Store) {
        loop {
            self.added.notified().await;
            let mut pause = FIRST_PAUSE;
            while let Err(error) = self.flush(store).await {
                tracing::warn!(%error, "first uses of tokens wait for the database");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
