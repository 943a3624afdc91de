//! Tells whoever keeps something of an agent's in memory that the agent is gone.

use parking_lot::Mutex;
use portunus_core::ids::AgentId;
use std::fmt;

type Listener = Box<dyn Fn(AgentId) + Send + Sync>;

/// Who wants to know. Listeners are added when a plane is put together and called when an agent was deleted.
#[derive(Default)]
pub struct Departures(Mutex<Vec<Listener>>);

impl fmt::Debug for Departures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Departures({} listeners)", self.0.lock().len())
    }
}

impl Departures {
    /// Calls `listener` with every agent that is gone from now on. It must be brief.
    pub fn tell(&self, listener: impl Fn(AgentId) + Send + Sync + 'static) {
        self.0.lock().push(Box::new(listener));
    }

    /// An agent is gone, and its credentials with it.
    pub(crate) fn gone(&self, agent: AgentId) {
        for listener in &*self.0.lock() {
            listener(agent);
        }
    }
}
