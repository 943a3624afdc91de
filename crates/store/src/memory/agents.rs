//! Agents of the model.

use super::{MemoryStore, State};
use crate::{
    AgentStore, AgentTokens, Listing, Page, Result, Standing, StoreError, Tell, position, rotation,
};
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::AuditEvent;
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::ids::{AgentId, FamilyId};
use portunus_core::name::Slug;
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::collections::HashMap;

impl State {
    pub(super) fn exists(&self, principal: Principal) -> bool {
        match principal {
            Principal::Agent(id) => self.agents.contains_key(&id),
            Principal::Operator(id) => self.operators.contains_key(&id),
        }
    }

    /// Refuses one that may have no credentials.
    pub(super) fn check_living(&self, principal: Principal) -> Result<()> {
        match principal {
            Principal::Agent(id) if self.agent(id)?.archived_at.is_some() => {
                Err(StoreError::Archived)
            }
            _ if self.exists(principal) => Ok(()),
            _ => Err(StoreError::NotFound),
        }
    }

    pub(super) fn agents_from(&self, from: AgentId, limit: u32) -> Vec<AgentTokens> {
        let mut living: HashMap<Principal, Vec<TokenRecord>> = HashMap::new();
        for token in self.tokens.values() {
            if !matches!(token.state, TokenState::Revoked { .. }) {
                living
                    .entry(token.principal)
                    .or_default()
                    .push(token.clone());
            }
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let agents = self.agents.range(from..);
        let agents = agents.filter(|(_, agent)| agent.archived_at.is_none());
        let with_tokens = agents.take(limit).map(|(id, agent)| {
            let mut tokens = living.remove(&Principal::Agent(*id)).unwrap_or_default();
            tokens.sort_by_key(|token| token.state != TokenState::Active);
            AgentTokens {
                agent: agent.clone(),
                tokens,
            }
        });
        with_tokens.collect()
    }

    pub(super) fn create_agent(
        &mut self,
        agent: &Agent,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()> {
        self.add_agent(agent, token)?;
        self.record(event);
        Ok(())
    }

    /// An agent with its first token.
    pub(super) fn add_agent(&mut self, agent: &Agent, token: &TokenRecord) -> Result<()> {
        rotation::check_new(Principal::Agent(agent.id), token)?;
        if self.agent_by_name(&agent.name).is_ok() {
            return Err(StoreError::NameTaken);
        }
        self.check_unused(Principal::Agent(agent.id), token)?;
        self.agents.insert(agent.id, agent.clone());
        self.open_inbox(agent.id);
        self.tokens.insert(token.kid, token.clone());
        Ok(())
    }

    pub(super) fn check_unused(&self, principal: Principal, token: &TokenRecord) -> Result<()> {
        if self.exists(principal) || self.tokens.contains_key(&token.kid) {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        Ok(())
    }

    pub(super) fn delete_agent(
        &mut self,
        id: AgentId,
        at: Timestamp,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>> {
        let agent = self.agent(id)?;
        let revoked = self.living_tokens(Principal::Agent(id));
        let event = self.unclaimed(event.tell(&revoked)?)?;
        self.agents.remove(&id);
        self.close_inbox(id, &agent.name, at);
        self.revoke(&revoked, at);
        self.bindings.retain(|(_, agent), _| *agent != id);
        self.liveness.remove(&id);
        self.end_families_of(Principal::Agent(id));
        self.drop_uncounted();
        self.end_receipts_of(Principal::Agent(id));
        self.record(&event);
        Ok(revoked)
    }

    pub(super) fn list_agents(&self, standing: Standing, page: &Page) -> Result<Listing<Agent>> {
        let after = page.after.as_ref().map(position::agent_name).transpose()?;
        let mut agents: Vec<Agent> = self
            .agents
            .values()
            .filter(|agent| agent.archived_at.is_some() == (standing == Standing::Archived))
            .filter(|agent| after.as_ref().is_none_or(|name| agent.name > *name))
            .cloned()
            .collect();
        agents.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Listing::cut(agents, page.size(), position::after_agent))
    }

    pub(super) fn update_agent(
        &mut self,
        agent: &Agent,
        ended: &[FamilyId],
        event: &AuditEvent,
    ) -> Result<()> {
        let known = self.agents.get_mut(&agent.id).ok_or(StoreError::NotFound)?;
        known.display_name.clone_from(&agent.display_name);
        known.scopes = agent.scopes.clone();
        self.families.retain(|id, _| !ended.contains(id));
        self.record(event);
        Ok(())
    }

    pub(super) fn archive_agent(
        &mut self,
        id: AgentId,
        at: Timestamp,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>> {
        if self.agent(id)?.archived_at.is_some() {
            return Err(StoreError::Archived);
        }
        let revoked = self.living_tokens(Principal::Agent(id));
        let event = self.unclaimed(event.tell(&revoked)?)?;
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.archived_at = Some(at);
        }
        self.revoke(&revoked, at);
        self.end_families_of(Principal::Agent(id));
        self.record(&event);
        Ok(revoked)
    }

    pub(super) fn restore_agent(
        &mut self,
        id: AgentId,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()> {
        rotation::check_new(Principal::Agent(id), token)?;
        if self.agent(id)?.archived_at.is_none() {
            return Err(StoreError::NotArchived);
        }
        if self.tokens.contains_key(&token.kid) {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.archived_at = None;
        }
        self.liveness.remove(&id);
        self.tokens.insert(token.kid, token.clone());
        self.record(event);
        Ok(())
    }

    pub(super) fn agent_names_like(&self, name: &Slug) -> Vec<Slug> {
        let numbered = format!("{name}-");
        let names = self.agents.values().map(|agent| &agent.name);
        names
            .filter(|other| *other == name || other.as_str().starts_with(&numbered))
            .cloned()
            .collect()
    }

    pub(super) fn agent(&self, id: AgentId) -> Result<Agent> {
        self.agents.get(&id).cloned().ok_or(StoreError::NotFound)
    }

    pub(super) fn agent_by_name(&self, name: &Slug) -> Result<Agent> {
        self.agents
            .values()
            .find(|agent| agent.name == *name)
            .cloned()
            .ok_or(StoreError::NotFound)
    }
}

#[async_trait::async_trait]
impl AgentStore for MemoryStore {
    async fn update_agent(
        &self,
        agent: &Agent,
        ended: &[FamilyId],
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?.update_agent(agent, ended, event)
    }

    async fn archive_agent(
        &self,
        id: AgentId,
        at: Timestamp,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>> {
        self.open()?.archive_agent(id, at, event)
    }

    async fn restore_agent(
        &self,
        id: AgentId,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?.restore_agent(id, token, event)
    }
}
