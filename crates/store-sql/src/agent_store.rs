//! The part of the `Store` trait that is about agents as people manage them, on SQLite.

use crate::store::commit;
use crate::{SqliteStore, agents, journal};
use portunus_core::agent::Agent;
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{AgentId, FamilyId};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::{AgentStore, Result, Tell};

#[async_trait::async_trait]
impl AgentStore for SqliteStore {
    async fn update_agent(
        &self,
        agent: &Agent,
        ended: &[FamilyId],
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        agents::update_agent(&mut tx, agent, ended).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn archive_agent(
        &self,
        id: AgentId,
        at: Timestamp,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>> {
        let mut tx = self.change().await?;
        let revoked = agents::archive_agent(&mut tx, id, at).await?;
        journal::record(&mut tx, &event.tell(&revoked)?).await?;
        commit(tx).await?;
        Ok(revoked)
    }

    async fn restore_agent(
        &self,
        id: AgentId,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        agents::restore_agent(&mut tx, id, token).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }
}
