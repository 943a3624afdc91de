//! What is known of a living principal besides its tokens.

use crate::liveness::pulse::Pulse;
use portunus_core::agent::Agent;
use portunus_core::name::DisplayName;
use portunus_core::operator::Operator;
use portunus_core::scope::ScopeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a living agent or operator is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// What names it in requests and records.
    pub name: Arc<str>,
    /// What people call it, if it has such a name.
    pub display: Option<Arc<str>>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// What people call it.
    display_name: Option<DisplayName>,
    /// What its tokens hold.
    pub(crate) scopes: ScopeSet,
    /// Its signs of life; only agents have some.
    pub(crate) pulse: Option<Arc<Pulse>>,
    generation: AtomicU64,
}

impl Profile {
    /// Of an agent.
    pub(crate) fn of_agent(agent: &Agent) -> Self {
        let usual = ScopeSet::agent();
        Self {
            name: agent.name.shared(),
            display_name: agent.display_name.clone(),
            // Most agents hold the same; one copy of it is enough.
            scopes: if agent.scopes == usual {
                usual
            } else {
                agent.scopes.clone()
            },
            pulse: Some(Arc::default()),
            generation: AtomicU64::new(agent.generation),
        }
    }

    /// Of an operator.
    pub(crate) fn of_operator(operator: &Operator) -> Self {
        Self {
            name: operator.name.shared(),
            display_name: None,
            scopes: operator.authority.grants().clone(),
            pulse: None,
            generation: AtomicU64::new(0),
        }
    }

    /// What it is called.
    pub(crate) fn names(&self) -> Names {
        Names {
            name: Arc::clone(&self.name),
            display: self.display_name.as_ref().map(DisplayName::shared),
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
