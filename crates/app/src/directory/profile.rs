//! What is known of a living principal besides its tokens.

use portunus_core::agent::Agent;
use portunus_core::operator::Operator;
use portunus_core::scope::ScopeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// See the module.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// What its tokens hold.
    pub(crate) scopes: ScopeSet,
    generation: AtomicU64,
}

impl Profile {
    /// Of an agent.
    pub(crate) fn of_agent(agent: &Agent) -> Self {
        let usual = ScopeSet::agent();
        Self {
            name: Arc::from(agent.name.as_str()),
            // Most agents hold the same; one copy of it is enough.
            scopes: if agent.scopes == usual {
                usual
            } else {
                agent.scopes.clone()
            },
            generation: AtomicU64::new(agent.generation),
        }
    }

    /// Of an operator.
    pub(crate) fn of_operator(operator: &Operator) -> Self {
        Self {
            name: Arc::from(operator.name.as_str()),
            scopes: operator.authority.grants().clone(),
            generation: AtomicU64::new(0),
        }
    }

    /// The generation that its access tokens must have.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Takes over a generation that was raised.
    pub(crate) fn raise(&self, generation: u64) {
        self.generation.fetch_max(generation, Ordering::AcqRel);
    }
}
