//! Forgets receipts in time: answers that show a secret first.

use portunus_core::once::{KEPT_MS, SECRET_KEPT_MS};
use portunus_core::time::Clock;
use portunus_store::Store;
use std::time::Duration;

/// How often what is too old is looked for.
const EVERY: Duration = Duration::from_secs(30);

/// Runs until it is dropped.
pub(crate) async fn keep_forgetting(store: &dyn Store, clock: &dyn Clock) {
    let mut turn = tokio::time::interval(EVERY);
    loop {
        turn.tick().await;
        let now = clock.now();
        let (before, secrets_before) = (now.minus_ms(KEPT_MS), now.minus_ms(SECRET_KEPT_MS));
        if let Err(error) = store.forget_receipts(before, secrets_before).await {
            tracing::warn!(%error, "old receipts of changes wait for the database");
        }
    }
}
