//! What time does to messages: deliveries that nobody takes fail, and old messages are forgotten.

use super::Messages;
use super::events::{MessageEvent, Moved};
use portunus_core::message::DeliveryState;
use portunus_core::time::{Clock, Timestamp};
use portunus_store::{Authored, Store, StoreError, Undoing};
use std::time::Duration;

/// How often deliveries are looked at. Who asks is told the truth at once; this is for those who listen.
const SETTLE_EVERY: Duration = Duration::from_secs(1);
/// How often old messages are looked for.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// How many rows are changed in one transaction: others need their turn.
const AT_ONCE: u32 = 500;
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(5);

impl Messages {
    /// Keeps the store in step with time, and serves readers, for as long as the plane runs.
    pub(crate) async fn keep(&self, store: &dyn Store, clock: &dyn Clock) {
        tokio::join!(
            self.serve_readers(store, clock),
            self.keep_time(store, clock)
        );
    }

    async fn keep_time(&self, store: &dyn Store, clock: &dyn Clock) {
        let mut settle = tokio::time::interval(SETTLE_EVERY);
        let mut forget = tokio::time::interval(FORGET_EVERY);
        let mut settled_until = clock.now();
        loop {
            let done = tokio::select! {
                _ = settle.tick() => self.settle(store, clock, &mut settled_until).await,
                _ = forget.tick() => self.forget(store, clock).await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, "messages wait for the database");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn settle(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
        settled_until: &mut Timestamp,
    ) -> Result<(), StoreError> {
        let now = clock.now();
        let settled = store.settle_deliveries(now, AT_ONCE).await?;
        let moved = settled.into_iter().map(|one| Moved {
            message: one.message,
            sender: one.sender,
            recipient: one.recipient,
            state: DeliveryState::Failed {
                at: now,
                reason: one.reason,
            },
        });
        self.tell_moved(moved.collect());
        // A clock that was set back begins anew: who listens does not wait until it is where it was.
        *settled_until = now.min(*settled_until);
        // What was written to everyone has no delivery for those who never looked.
        if now > *settled_until {
            let after = *settled_until;
            let undone = store.undone(Undoing::Time { after, until: now }).await?;
            self.tell_all(undone);
            *settled_until = now;
        }
        Ok(())
    }

    /// After which time a message is forgotten for certain, in milliseconds.
    pub(super) fn forgotten_after(&self) -> u64 {
        let until_looked_for = u64::try_from(FORGET_EVERY.as_millis()).unwrap_or(u64::MAX);
        self.kept_for().saturating_add(until_looked_for)
    }

    /// Tells what failed in a crowd, after it has.
    pub(crate) async fn tell_undone(&self, store: &dyn Store, by: Undoing) {
        match store.undone(by).await {
            Ok(undone) => self.tell_all(undone),
            Err(error) => {
                tracing::warn!(%error, "it is not known whose messages have failed");
                self.tell(MessageEvent::Missed);
            }
        }
    }

    fn tell_all(&self, undone: Vec<Authored>) {
        if !undone.is_empty() {
            self.tell(MessageEvent::Undone(undone));
        }
    }

    async fn forget(&self, store: &dyn Store, clock: &dyn Clock) -> Result<(), StoreError> {
        let before = clock.now().minus_ms(self.kept_for());
        loop {
            let forgotten = store.forget_messages(before, AT_ONCE).await?;
            if forgotten < u64::from(AT_ONCE) {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }
}
