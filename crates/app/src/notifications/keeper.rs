//! What time does to notifications: old ones are forgotten, and the oldest of too many.

use super::{DAY_MS, Notifications};
use portunus_core::time::Clock;
use portunus_store::{Store, StoreError};
use std::time::Duration;

/// How often old ones are looked for.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// How many are forgotten in one transaction: others need their turn.
const AT_ONCE: u32 = 500;

impl Notifications {
    /// Keeps the store in step with time for as long as the plane runs.
    pub(crate) async fn keep(&self, store: &dyn Store, clock: &dyn Clock) {
        let mut turn = tokio::time::interval(FORGET_EVERY);
        loop {
            turn.tick().await;
            if let Err(error) = self.forget(store, clock).await {
                tracing::warn!(%error, "old notifications were not forgotten");
            }
        }
    }

    async fn forget(&self, store: &dyn Store, clock: &dyn Clock) -> Result<(), StoreError> {
        let terms = self.terms();
        let before = clock.now().minus_ms(terms.keep_days * DAY_MS);
        loop {
            let forgotten = store.forget_notifications(before, terms.keep_most, AT_ONCE);
            if forgotten.await? < u64::from(AT_ONCE) {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }
}
