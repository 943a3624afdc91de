//! When agents were heard of, in the model.

use super::MemoryStore;
use crate::{Liveness, LivenessStore, Result, StoreError};
use portunus_core::audit::AuditEvent;
use portunus_core::ids::AgentId;
use portunus_core::liveness::Watch;

#[async_trait::async_trait]
impl LivenessStore for MemoryStore {
    async fn liveness_from(&self, from: AgentId, limit: u32) -> Result<Vec<Liveness>> {
        let state = self.open()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let known = state.liveness.range(from..).take(limit);
        Ok(known.map(|(_, row)| row.clone()).collect())
    }

    async fn save_liveness(&self, rows: &[Liveness]) -> Result<()> {
        let mut state = self.open()?;
        self.check_spoilt(rows.iter().map(|row| row.agent))?;
        for row in rows {
            if state.agents.contains_key(&row.agent) {
                let known = state.liveness.get(&row.agent);
                let watch = known.map_or(Watch::On, |known| known.watch);
                let row = Liveness {
                    watch,
                    ..row.clone()
                };
                state.liveness.insert(row.agent, row);
            }
        }
        Ok(())
    }

    async fn watch_agent(&self, agent: AgentId, watch: Watch, event: &AuditEvent) -> Result<()> {
        let mut state = self.change([event])?;
        if !state.agents.contains_key(&agent) {
            return Err(StoreError::NotFound);
        }
        let known = state.liveness.entry(agent);
        known.or_insert_with(|| Liveness::of(agent)).watch = watch;
        state.record(event);
        Ok(())
    }
}
