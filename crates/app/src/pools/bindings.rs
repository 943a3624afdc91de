//! Which key holds an upstream object, such as a stored response: its follow-ups must go to that account.

use super::record::{Fact, Recorder};
use parking_lot::Mutex;
use portunus_core::ids::{AgentId, KeyId};
use portunus_core::pool::Recent;
use portunus_core::time::Timestamp;
use portunus_store::{Binding, ObjectHash, Store, StoreError};
use std::sync::Arc;

/// How many bindings are held in RAM; others are read from the store.
const MOST_IN_RAM: usize = 65_536;

/// How many objects that no key is known for are held in RAM: clients name whatever they like, again and again.
const MOST_UNKNOWN: usize = 16_384;

/// How long they are held in RAM, in milliseconds.
const IN_RAM_MS: u64 = 60 * 60_000;

/// How long nobody looks for them again, in milliseconds.
const UNKNOWN_MS: u64 = 60_000;

/// See the module.
pub(super) struct Bindings {
    held: Mutex<Held>,
    store: Arc<dyn Store>,
    recorder: Recorder,
}

/// What is known without a look into the store.
struct Held {
    keys: Recent<(ObjectHash, AgentId), KeyId>,
    unknown: Recent<(ObjectHash, AgentId), ()>,
}

impl Held {
    /// The key; `None` when the store has to be asked.
    fn find(&self, at: &(ObjectHash, AgentId), now: Timestamp) -> Option<Option<KeyId>> {
        match self.keys.get(at, now) {
            Some(key) => Some(Some(key)),
            None => self.unknown.get(at, now).map(|()| None),
        }
    }
}

impl Bindings {
    pub(super) fn new(store: Arc<dyn Store>, recorder: Recorder) -> Self {
        Self {
            held: Mutex::new(Held {
                keys: Recent::new(MOST_IN_RAM, IN_RAM_MS),
                unknown: Recent::new(MOST_UNKNOWN, UNKNOWN_MS),
            }),
            store,
            recorder,
        }
    }

    /// Remembers a binding at once, and in the store soon.
    pub(super) fn remember(&self, binding: Binding) {
        let at = (binding.object, binding.agent);
        self.held.lock().keys.put(at, binding.key, binding.at);
        self.recorder.record(Fact::Bound(binding));
    }

    /// The key that holds the object for this agent.
    pub(super) async fn key(
        &self,
        object: ObjectHash,
        agent: AgentId,
        now: Timestamp,
    ) -> Result<Option<KeyId>, StoreError> {
        let at = (object, agent);
        if let Some(found) = self.held.lock().find(&at, now) {
            return Ok(found);
        }
        let stored = self.store.binding(object, agent).await?;
        let mut held = self.held.lock();
        // It may have been bound while the store was asked.
        if let Some(found @ Some(_)) = held.find(&at, now) {
            return Ok(found);
        }
        match stored {
            Some(key) => held.keys.put(at, key, now),
            None => held.unknown.put(at, (), now),
        }
        Ok(stored)
    }
}
