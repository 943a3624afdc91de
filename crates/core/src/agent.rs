//! Agents and the principal that a credential proves.

use crate::ids::{AgentId, OperatorId};
use crate::name::Slug;
use crate::scope::ScopeSet;
use crate::time::Timestamp;

/// A long-lived program with an identity of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Never reused, also when the name is.
    pub id: AgentId,
    /// Unique among living agents.
    pub name: Slug,
    /// What its tokens hold.
    pub scopes: ScopeSet,
    /// How often all of its access tokens were ended; those of an earlier generation are refused.
    pub generation: u64,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Who acts, as proven by a credential and by nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A program.
    Agent(AgentId),
    /// A person.
    Operator(OperatorId),
}
