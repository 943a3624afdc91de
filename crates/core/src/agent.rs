//! Agents and the principal that a credential proves.

use crate::ids::{AgentId, OperatorId};
use crate::name::{DisplayName, Slug};
use crate::scope::ScopeSet;
use crate::time::Timestamp;

/// A long-lived program with an identity of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Never reused, also when the name is.
    pub id: AgentId,
    /// Unique among agents, archived ones too.
    pub name: Slug,
    /// What its tokens hold.
    pub scopes: ScopeSet,
    /// How often all of its access tokens were ended; those of an earlier generation are refused.
    pub generation: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// What people call it; they see its name when there is none.
    pub display_name: Option<DisplayName>,
    /// When it was archived: it has no credentials, and its name stays its own.
    pub archived_at: Option<Timestamp>,
}

impl Agent {
    /// A new one.
    #[must_use]
    pub const fn new(id: AgentId, name: Slug, scopes: ScopeSet, created_at: Timestamp) -> Self {
        Self {
            id,
            name,
            scopes,
            generation: 0,
            created_at,
            display_name: None,
            archived_at: None,
        }
    }
}

/// Who acts, as proven by a credential and by nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A program.
    Agent(AgentId),
    /// A person.
    Operator(OperatorId),
}
