//! Signing keys and families of the model.

use super::State;
use crate::{Result, StoreError, Tell};
use portunus_core::access::{SigningKey, SigningState, TokenFamily};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::credential::TokenState;
use portunus_core::ids::{AgentId, FamilyId, SigningKeyId};
use portunus_core::time::Timestamp;

impl State {
    pub(super) fn add_signing_key(
        &mut self,
        key: &SigningKey,
        predecessor: Option<SigningKeyId>,
        overlap_end: Timestamp,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut after = self.signing_keys.clone();
        let mut signing = after.values_mut();
        let signing = signing.find(|known| known.state == SigningState::Active);
        if signing.as_ref().map(|known| known.id) != predecessor {
            return Err(StoreError::Inconsistent("another key signs"));
        }
        if let Some(before) = signing {
            before.state = SigningState::Retiring { until: overlap_end };
        }
        after.retain(|_, known| known.verifies(key.created_at));
        if after.insert(key.id, key.clone()).is_some() {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        self.signing_keys = after;
        self.record(event);
        Ok(())
    }

    pub(super) fn begin_family(&mut self, family: &TokenFamily) -> Result<()> {
        let token = self.tokens.get(&family.token);
        let lives = token.is_some_and(|token| {
            token.principal == family.principal
                && !matches!(token.state, TokenState::Revoked { .. })
        });
        if !lives || !self.exists(family.principal) {
            return Err(StoreError::NotFound);
        }
        if self.families.contains_key(&family.id) {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        self.families.insert(family.id, family.clone());
        Ok(())
    }

    pub(super) fn save_family(&mut self, family: &TokenFamily) -> Result<()> {
        let known = self.families.get_mut(&family.id);
        let known = known.ok_or(StoreError::NotFound)?;
        known.current = family.current;
        known.previous = family.previous;
        Ok(())
    }

    pub(super) fn end_families(&mut self, families: &[FamilyId], event: Option<&AuditEvent>) {
        self.families.retain(|id, _| !families.contains(id));
        if let Some(event) = event {
            self.record(event);
        }
    }

    pub(super) fn end_families_of(&mut self, whose: Principal) {
        self.families.retain(|_, family| family.principal != whose);
    }

    pub(super) fn raise_generation(&mut self, id: AgentId, event: &dyn Tell<u64>) -> Result<u64> {
        let agent = self.agents.get(&id).ok_or(StoreError::NotFound)?;
        let generation = agent.generation + 1;
        let event = self.unclaimed(event.tell(&generation)?)?;
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.generation = generation;
        }
        self.end_families_of(Principal::Agent(id));
        self.record(&event);
        Ok(generation)
    }
}
