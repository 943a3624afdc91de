//! What is written behind requests, and what is forgotten in time: first uses of access tokens, families that are over.

use super::Access;
use portunus_core::time::Clock;
use portunus_store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How often what is over is looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(30);
/// Pause after a failed write.
const PAUSE: Duration = Duration::from_secs(2);

/// Keeps store and memory in step for as long as the plane runs.
pub(crate) struct Keeper {
    pub(crate) access: Arc<Access>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) changes: Arc<Mutex<()>>,
}

impl Keeper {
    /// Runs until it is dropped.
    pub(crate) async fn keep(self) {
        let mut prune = tokio::time::interval(PRUNE_EVERY);
        loop {
            let done = tokio::select! {
                _ = prune.tick() => self.prune().await,
                () = self.access.families.more_used() => {
                    let _changes = self.changes.lock().await;
                    save_uses(&self.access, &*self.store).await
                }
            };
            if let Err(error) = done {
                tracing::warn!(%error, "families of access tokens wait for the database");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn prune(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.access.seen.prune(now);
        let _changes = self.changes.lock().await;
        let over = self.access.families.prune(now, &self.access.terms());
        if over.is_empty() {
            return Ok(());
        }
        // What the store keeps longer than memory comes back at the next start and is over then too.
        self.store.end_families(&over, None).await
    }
}

/// Writes the first uses that the store does not know. The caller holds the lock of changes.
pub(crate) async fn save_uses(access: &Access, store: &dyn Store) -> Result<(), StoreError> {
    let used = access.families.take_used();
    for (at, id) in used.iter().enumerate() {
        let Some(family) = access.families.find(*id) else {
            continue;
        };
        match store.save_family(&family.record()).await {
            // One that is gone needs no record of its use.
            Ok(()) | Err(StoreError::NotFound) => {}
            Err(error) => {
                access
                    .families
                    .put_back_used(used.get(at..).unwrap_or_default());
                return Err(error);
            }
        }
    }
    Ok(())
}
