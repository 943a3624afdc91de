//! Pools of the model.

use super::State;
use crate::{Result, StoreError};
use portunus_core::audit::AuditEvent;
use portunus_core::ids::{KeyId, PoolId};
use portunus_core::provider_key::{Pool, Quarantine};

impl State {
    pub(super) fn list_pools(&self) -> Vec<Pool> {
        let mut pools: Vec<Pool> = self.pools.values().cloned().collect();
        pools.sort_by(|a, b| a.name.cmp(&b.name));
        pools
    }

    pub(super) fn create_pool(&mut self, pool: &Pool, event: &AuditEvent) -> Result<()> {
        self.check_name(pool)?;
        if self.pools.contains_key(&pool.id) {
            return Err(StoreError::Inconsistent("the identifier exists already"));
        }
        self.check_fallback(pool)?;
        self.pools.insert(pool.id, pool.clone());
        self.record(event);
        Ok(())
    }

    pub(super) fn update_pool(
        &mut self,
        pool: &Pool,
        requarantine: &[KeyId],
        event: &AuditEvent,
    ) -> Result<()> {
        let stored = self.pools.get(&pool.id).ok_or(StoreError::NotFound)?;
        let (protocol, created_at) = (stored.protocol, stored.created_at);
        self.check_name(pool)?;
        self.check_fallback(pool)?;
        let mut pool = pool.clone();
        (pool.protocol, pool.created_at) = (protocol, created_at);
        for key in self.keys.values_mut().filter(|key| key.pool == pool.id) {
            if requarantine.contains(&key.id) {
                key.quarantine = Some(Quarantine::OriginChanged);
            }
        }
        self.pools.insert(pool.id, pool);
        self.record(event);
        Ok(())
    }

    fn check_name(&self, pool: &Pool) -> Result<()> {
        let mut others = self.pools.values().filter(|other| other.id != pool.id);
        if others.any(|other| other.name == pool.name) {
            return Err(StoreError::NameTaken);
        }
        Ok(())
    }

    fn check_fallback(&self, pool: &Pool) -> Result<()> {
        let known = |id: PoolId| id == pool.id || self.pools.contains_key(&id);
        if !pool.fallback.is_none_or(known) {
            return Err(StoreError::NotFound);
        }
        Ok(())
    }
}
