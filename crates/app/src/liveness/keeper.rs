//! Looks up when a timer goes off or a sign comes that was listened for, for as long as the plane runs.

use super::Liveness;
use crate::directory::Fill;
use portunus_core::ids::AgentId;
use portunus_store::StoreError;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How many agents are read at once.
const PAGE: u32 = 1_000;

/// Pause after a read of the store that failed.
const PAUSE: Duration = Duration::from_millis(500);

impl Liveness {
    /// Takes over what was saved, once every agent is in memory, and keeps looking and saving.
    pub(crate) async fn keep(&self, fill: Fill) {
        tokio::join!(self.load(fill), self.keep_watch(), self.keep_saving());
    }

    async fn keep_watch(&self) {
        loop {
            let wait_ms = {
                let roll = self.roll.lock();
                let now = self.clock.tick();
                (!roll.is_empty()).then(|| now.ms_until(roll.next_look()))
            };
            match wait_ms {
                None => self.bell.notified().await,
                Some(ms) => {
                    let wait = Duration::from_millis(ms.max(1));
                    // Rung or slept enough: it looks either way.
                    let _ = tokio::time::timeout(wait, self.bell.notified()).await;
                }
            }
            if let Err(error) = self.look_up().await {
                tracing::warn!(%error, "signs of life wait for the database");
                tokio::time::sleep(PAUSE).await;
                self.bell.notify_one();
            }
        }
    }

    /// Hears whom there is to hear, and lets timers go off. Signs that came meanwhile count before timers do.
    ///
    /// # Errors
    ///
    /// When what was saved of an agent is not in memory yet, and the store cannot be asked.
    pub async fn look_up(&self) -> Result<(), StoreError> {
        let heard = std::mem::take(&mut *self.signs.lock());
        let mut outcome = Ok(());
        for agent in heard {
            if let Err(error) = self.meet(agent).await {
                self.signs.lock().push(agent);
                outcome = Err(error);
                continue;
            }
            let pulse = self.directory.pulse_of(agent);
            self.with_roll(|roll, now, events| {
                // An agent that came back from the archive leaves its signs elsewhere.
                if let (Some(known), Some(pulse)) = (roll.pulse_mut(agent), pulse) {
                    known.pulse = pulse;
                }
                roll.hear(agent, now, events);
            });
            self.save_soon(agent);
        }
        self.with_roll(|roll, now, events| roll.advance(now, events));
        outcome
    }

    /// Takes over a page of what was saved, beginning with an agent; says where the next page begins.
    pub(crate) async fn load_page(&self, from: AgentId) -> Result<Option<AgentId>, StoreError> {
        let rows = self.store.liveness_from(from, PAGE).await?;
        for row in &rows {
            self.take_in(row);
        }
        let is_full = u32::try_from(rows.len()).is_ok_and(|size| size >= PAGE);
        let next = rows.last().map(|last| last.agent).filter(|_| is_full);
        if next.is_none() {
            self.is_loaded.store(true, Ordering::Release);
        }
        // The last one comes again with the next page, which does no harm.
        Ok(next)
    }

    async fn load(&self, fill: Fill) {
        fill.finish().await;
        let mut from =
            (!self.is_loaded.load(Ordering::Acquire)).then(|| AgentId::from_bytes([0; 16]));
        while let Some(next) = from {
            match self.load_page(next).await {
                Ok(next) => from = next,
                Err(error) => {
                    tracing::error!(%error, "when agents were heard of cannot be loaded yet");
                    tokio::time::sleep(PAUSE).await;
                }
            }
            tokio::task::yield_now().await;
        }
    }
}
