//! The part of the store that is about who was heard of when; what is said of [`crate::Store`] holds here too.

use crate::Result;
use portunus_core::audit::AuditEvent;
use portunus_core::ids::AgentId;
use portunus_core::liveness::{Cadence, Note, Watch};
use portunus_core::time::Timestamp;

/// What of an agent's liveness outlives a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// Whose.
    pub agent: AgentId,
    /// What it promised last.
    pub cadence: Option<Cadence>,
    /// Whether somebody waits for it.
    pub watch: Watch,
    /// What it said of itself last.
    pub note: Option<Note>,
    /// When it beat last.
    pub heartbeat_at: Option<Timestamp>,
    /// When it was last heard of in any way.
    pub seen_at: Option<Timestamp>,
    /// Whether people were told that it is offline, and not yet that it is back.
    pub is_told_offline: bool,
}

impl Liveness {
    /// Of an agent that was never heard of.
    #[must_use]
    pub const fn of(agent: AgentId) -> Self {
        Self {
            agent,
            cadence: None,
            watch: Watch::On,
            note: None,
            heartbeat_at: None,
            seen_at: None,
            is_told_offline: false,
        }
    }
}

/// When agents were heard of.
#[async_trait::async_trait]
pub trait LivenessStore: Send + Sync + 'static {
    /// What is known of agents whose ids are `from` or greater, by id, at most `limit` of them. Agents that were never
    /// heard of nor paused are left out.
    async fn liveness_from(&self, from: AgentId, limit: u32) -> Result<Vec<Liveness>>;

    /// Saves what is known of agents, in one transaction. Whether one is paused stays as it is, and agents that are gone
    /// are passed over.
    async fn save_liveness(&self, rows: &[Liveness]) -> Result<()>;

    /// Pauses an agent, or has it watched again. `NotFound`.
    async fn watch_agent(&self, agent: AgentId, watch: Watch, event: &AuditEvent) -> Result<()>;
}
