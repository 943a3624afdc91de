//! Imported tokens of the model.

use super::{MemoryStore, State};
use crate::{ImportBatch, ImportGround, ImportStore, ImportedToken, Result, StoreError};
use portunus_core::agent::Agent;
use portunus_core::audit::AuditEvent;
use portunus_core::name::Slug;
use portunus_core::token::{Kid, TokenDigest};

impl State {
    /// Agents one after the other, then keys, in a copy that takes the place of all once nothing was refused.
    pub(super) fn import(&mut self, batch: &ImportBatch) -> Result<()> {
        let mut after = self.clone();
        for one in &batch.agents {
            after.add_agent(&one.agent, &one.token)?;
            let has_mark = |known: &ImportedToken| known.mark == one.imported.mark;
            if one.imported.kid != one.token.kid || after.imported.values().any(has_mark) {
                return Err(StoreError::Inconsistent("the identifier exists already"));
            }
            after.imported.insert(one.token.kid, one.imported.clone());
        }
        after.add_keys(&batch.keys, &batch.events)?;
        *self = after;
        Ok(())
    }

    pub(super) fn upgrade_imported(
        &mut self,
        kid: Kid,
        digest: TokenDigest,
        event: &AuditEvent,
    ) -> Result<()> {
        let imported = self.imported.get_mut(&kid).ok_or(StoreError::NotFound)?;
        if imported.slow.take().is_none() {
            return Ok(());
        }
        if let Some(token) = self.tokens.get_mut(&kid) {
            token.digest = digest;
        }
        self.record(event);
        Ok(())
    }
}

#[async_trait::async_trait]
impl ImportStore for MemoryStore {
    async fn import(&self, batch: &ImportBatch) -> Result<()> {
        self.change(&batch.events)?.import(batch)
    }

    async fn import_ground(&self, names: &[Slug], kids: &[Kid]) -> Result<ImportGround> {
        let state = self.open()?;
        let named = |agent: &&Agent| names.contains(&agent.name);
        let agents = state.agents.values().filter(named);
        let owner = |kid: &Kid| Some((*kid, state.tokens.get(kid)?.principal));
        Ok(ImportGround {
            agents: agents.map(|agent| (agent.name.clone(), agent.id)).collect(),
            owners: kids.iter().filter_map(owner).collect(),
        })
    }

    async fn imported_tokens(&self) -> Result<Vec<(ImportedToken, TokenDigest)>> {
        let state = self.open()?;
        let all = state.imported.iter();
        let with_digest = all.filter_map(|(kid, imported)| {
            let token = state.tokens.get(kid)?;
            Some((imported.clone(), token.digest))
        });
        Ok(with_digest.collect())
    }

    async fn upgrade_imported(
        &self,
        kid: Kid,
        digest: TokenDigest,
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?.upgrade_imported(kid, digest, event)
    }
}
