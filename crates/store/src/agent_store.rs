//! The part of the trait that is about agents as people manage them: changed, archived, restored.

use crate::{Result, Tell};
use portunus_core::agent::Agent;
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{AgentId, FamilyId};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;

/// Changes of agents; what [`crate::Store`] says of its methods holds here too.
#[async_trait::async_trait]
pub trait AgentStore {
    /// Writes display name and scopes of an agent, and ends the families that are named: they hold what it holds no
    /// longer. `NotFound`.
    async fn update_agent(
        &self,
        agent: &Agent,
        ended: &[FamilyId],
        event: &AuditEvent,
    ) -> Result<()>;

    /// Archives an agent: its living tokens, which are returned, are revoked, and its families end. Name, bindings,
    /// budgets and usage stay. `NotFound`, `Archived`.
    async fn archive_agent(
        &self,
        id: AgentId,
        at: Timestamp,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>>;

    /// Makes an archived agent a living one, with a new token; what was known of its liveness, a pause too, is forgotten. `NotFound`, `NotArchived`.
    async fn restore_agent(
        &self,
        id: AgentId,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()>;
}
