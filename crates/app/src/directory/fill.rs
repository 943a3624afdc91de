//! Fills the directory with every agent while requests are served already.
//!
//! A request whose token is not in memory yet is answered by a read of the store, so nobody waits for the fleet. A page
//! is read and taken over under the lock of changes: no row can be older than what memory knows (P3, P5).

use super::Directory;
use portunus_core::ids::AgentId;
use portunus_store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How many agents are there before anything is served: all of a small fleet.
const FIRST_PAGE: u32 = 1_000;
/// How many are read at once after that. A change, or a first look at a token, waits for one such page at most.
const PAGE: u32 = 250;

/// How long to wait before a read that failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// See the module.
pub(crate) struct Fill {
    directory: Arc<Directory>,
    store: Arc<dyn Store>,
    changes: Arc<Mutex<()>>,
    /// Where the next page begins; `None` once all are there.
    from: Option<AgentId>,
    /// How many it has.
    size: u32,
}

impl Fill {
    pub(crate) const fn new(
        directory: Arc<Directory>,
        store: Arc<dyn Store>,
        changes: Arc<Mutex<()>>,
    ) -> Self {
        Self {
            directory,
            store,
            changes,
            from: Some(AgentId::from_bytes([0; 16])),
            size: FIRST_PAGE,
        }
    }

    /// Takes one page over. A small fleet is all there after the first.
    pub(crate) async fn step(&mut self) -> Result<(), StoreError> {
        let Some(from) = self.from else {
            return Ok(());
        };
        let _changes = self.changes.lock().await;
        let page = self.store.agents_from(from, self.size).await?;
        self.directory.learn(&page);
        let is_full = u32::try_from(page.len()).is_ok_and(|size| size >= self.size);
        self.size = PAGE;
        // The last one comes again with the next page, which does no harm.
        self.from = page.last().map(|last| last.agent.id).filter(|_| is_full);
        Ok(())
    }

    /// Whether all are there.
    pub(crate) const fn is_finished(&self) -> bool {
        self.from.is_none()
    }

    /// Takes all the others over.
    pub(crate) async fn finish(mut self) {
        while self.from.is_some() {
            if let Err(error) = self.step().await {
                tracing::error!(%error, "agents cannot be loaded; their tokens are read one by one");
                tokio::time::sleep(PAUSE).await;
            }
            // Whoever waits to make a change goes first.
            tokio::task::yield_now().await;
        }
        tracing::info!(agents = self.directory.agents(), "every agent is in memory");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_store::memory::MemoryStore;
    use tokio::time::timeout;

    #[tokio::test(start_paused = true)]
    async fn p5_no_page_is_read_while_a_change_is_on_its_way_to_memory() {
        let changes = Arc::new(Mutex::new(()));
        let mut fill = Fill::new(
            Arc::new(Directory::new()),
            Arc::new(MemoryStore::default()),
            Arc::clone(&changes),
        );
        let change = changes.lock().await;
        let waited = timeout(Duration::from_secs(60), fill.step()).await;
        assert!(waited.is_err(), "a page was read beside a change");
        assert!(fill.from.is_some());
        drop(change);
        fill.step().await.unwrap();
        assert!(fill.from.is_none(), "an empty fleet is all there at once");
    }
}
