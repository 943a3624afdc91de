//! Writes behind what should outlive a restart: promises and notes soon, when agents were heard of once a minute.
//!
//! A promise that changed is saved before its agent is answered, because after a restart the agent is held to it. All that
//! come within a moment share a transaction.

use super::Liveness;
use super::life::row;
use parking_lot::Mutex;
use portunus_core::ids::AgentId;
use portunus_store::{Liveness as Row, StoreError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How long changes are gathered before they are saved.
const GATHERED: Duration = Duration::from_millis(100);
/// How long an agent waits at most for its promise to be saved: its beat counts in any case.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pause after a failed save.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked for agents that were heard of since that was saved.
const PATROL: Duration = Duration::from_secs(5);
/// From how much later on it is saved that an agent was heard of, in milliseconds.
const WORTH_MS: u64 = 60_000;
/// How many agents are saved in one transaction, and looked at under one lock.
const AT_ONCE: usize = 4_096;

/// What is to be saved.
#[derive(Debug, Default)]
pub(super) struct Saving {
    queue: Mutex<Queue>,
    added: Notify,
    /// The number of the last batch that was saved.
    saved: watch::Sender<u64>,
    /// Held for as long as somebody saves.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Queue {
    agents: Vec<AgentId>,
    /// How many batches were taken from here.
    taken: u64,
}

impl Liveness {
    /// Saves what is known of an agent soon.
    pub(super) fn save_soon(&self, agent: AgentId) {
        let is_queued = {
            let mut roll = self.roll.lock();
            let known = roll.pulse_mut(agent);
            known.is_none_or(|known| std::mem::replace(&mut known.is_queued, true))
        };
        if !is_queued {
            self.enqueue(agent);
        }
    }

    /// Waits until what is known of an agent now is saved, or long enough.
    pub(super) async fn save_now(&self, agent: AgentId) {
        let batch = self.enqueue(agent);
        let mut saved = self.saving.saved.subscribe();
        let _ = timeout(PATIENCE, saved.wait_for(|done| *done >= batch)).await;
    }

    /// Gives the number of the batch that the agent is in.
    fn enqueue(&self, agent: AgentId) -> u64 {
        let mut queue = self.saving.queue.lock();
        queue.agents.push(agent);
        self.saving.added.notify_one();
        queue.taken + 1
    }

    /// Saves for as long as the plane runs.
    pub(super) async fn keep_saving(&self) {
        let mut patrol = interval(PATROL);
        patrol.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                () = self.saving.added.notified() => {
                    tokio::time::sleep(GATHERED).await;
                    self.save_queued().await
                }
                _ = patrol.tick() => self.save_heard(WORTH_MS).await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, "when agents were heard of is not saved yet");
                tokio::time::sleep(PAUSE).await;
                self.saving.added.notify_one();
            }
        }
    }

    /// Saves everything that the store does not know.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        let queued = self.save_queued().await;
        self.save_heard(1).await.and(queued)
    }

    async fn save_queued(&self) -> Result<(), StoreError> {
        let _turn = self.saving.turn.lock().await;
        let (agents, batch) = {
            let mut queue = self.saving.queue.lock();
            queue.taken += 1;
            (std::mem::take(&mut queue.agents), queue.taken)
        };
        let mut outcome = Ok(());
        for chunk in agents.chunks(AT_ONCE) {
            let rows = self.rows_of(chunk);
            // The others are not forgotten when one chunk fails: what it holds is queued again.
            outcome = outcome.and(self.save(&rows).await);
        }
        if outcome.is_ok() {
            self.saving.saved.send_replace(batch);
        }
        outcome
    }

    fn rows_of(&self, agents: &[AgentId]) -> Vec<Row> {
        let (wall, now) = (self.clock.now(), self.clock.tick());
        let mut roll = self.roll.lock();
        let rows = agents.iter().filter_map(|agent| {
            let look = roll.look(*agent, now)?;
            let known = roll.pulse_mut(*agent)?;
            known.is_queued = false;
            known.saved_at = now;
            Some(row(*agent, known, &look, wall))
        });
        rows.collect()
    }

    /// Saves of those agents that they were heard of of which that is so many milliseconds later than what is saved.
    async fn save_heard(&self, worth_ms: u64) -> Result<(), StoreError> {
        let _turn = self.saving.turn.lock().await;
        let mut from = 0;
        loop {
            let (wall, now) = (self.clock.now(), self.clock.tick());
            let mut rows = Vec::new();
            let places = {
                let mut roll = self.roll.lock();
                roll.walk(from..from + AT_ONCE, now, |agent, known, look| {
                    let saved_ago_ms = known.saved_at.ms_until(now);
                    let heard_ago_ms = look.heard_ago_ms.unwrap_or(u64::MAX);
                    if saved_ago_ms.saturating_sub(heard_ago_ms) >= worth_ms {
                        known.saved_at = now;
                        rows.push(row(agent, known, &look, wall));
                    }
                });
                roll.places()
            };
            self.save(&rows).await?;
            from += AT_ONCE;
            if from >= places {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }

    /// Saves rows; those that the store does not take are saved later, as they are then.
    async fn save(&self, rows: &[Row]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let saved = self.store.save_liveness(rows).await;
        if saved.is_err() {
            for row in rows {
                self.save_soon(row.agent);
            }
        }
        saved
    }
}
