//! Writes down behind requests when sessions were last used, and forgets those that are over.

use super::book::SessionBook;
use portunus_core::time::Clock;
use portunus_store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How often. A crash makes sessions idle for at most that much longer than they were.
const EVERY: Duration = Duration::from_secs(60);

/// Keeps store and memory in step for as long as the plane runs.
pub(crate) async fn keep(book: Arc<SessionBook>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tick.tick().await;
        let over = book.prune(clock.now());
        let done = async {
            if !over.is_empty() {
                store.end_sessions(&over, None).await?;
            }
            save(&book, &*store).await
        };
        // What the store keeps longer than memory comes back at the next start and is over then too.
        if let Err(error) = done.await {
            tracing::warn!(%error, "uses of sessions wait for the database");
        }
    }
}

/// Writes the uses that the store does not know.
pub(crate) async fn save(book: &SessionBook, store: &dyn Store) -> Result<(), StoreError> {
    let seen = book.unsaved();
    if seen.is_empty() {
        return Ok(());
    }
    store.note_seen(&seen).await?;
    book.saved(&seen);
    Ok(())
}
