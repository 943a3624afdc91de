//! Which key holds an upstream object, such as a stored response: its follow-ups must go to that account.

use super::record::{Fact, Recorder};
use parking_lot::Mutex;
use portunus_core::ids::{AgentId, KeyId};
use portunus_core::pool::Recent;
use portunus_core::time::Timestamp;
use portunus_store::{Binding, ObjectHash, Store, StoreError};
use std::sync::Arc;

/// How many bindings are held in RAM; older ones are read from the store.
const MOST_IN_RAM: usize = 65_536;

/// How long they are held in RAM, in milliseconds.
const IN_RAM_MS: u64 = 60 * 60_000;

/// See the module.
pub(super) struct Bindings {
    recent: Mutex<Recent<(ObjectHash, AgentId), KeyId>>,
    store: Arc<dyn Store>,
    recorder: Recorder,
}

impl Bindings {
    pub(super) fn new(store: Arc<dyn Store>, recorder: Recorder) -> Self {
        Self {
            recent: Mutex::new(Recent::new(MOST_IN_RAM, IN_RAM_MS)),
            store,
            recorder,
        }
    }

    /// Remembers a binding at once, and in the store soon.
    pub(super) fn remember(&self, binding: Binding) {
        let at = (binding.object, binding.agent);
        self.recent.lock().put(at, binding.key, binding.at);
        self.recorder.record(Fact::Bound(binding));
    }

    /// The key that holds the object for this agent.
    pub(super) async fn key(
        &self,
        object: ObjectHash,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<KeyId>, StoreError> {
        let held = self.recent.lock().get(&(object, agent), now);
        match held {
            Some(key) => Ok(Some(key)),
            None => self.store.binding(object, agent).await,
        }
    }
}
