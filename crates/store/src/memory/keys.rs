//! Provider keys of the model, and the guard of the last enabled one.

use super::State;
use crate::{Force, Listing, Page, Result, StoreError, position};
use portunus_core::audit::AuditEvent;
use portunus_core::ids::{KeyId, PoolId};
use portunus_core::provider_key::{KeySwitch, ProviderKey};
use std::collections::BTreeMap;

impl State {
    pub(super) fn list_keys(
        &self,
        pool: Option<PoolId>,
        page: &Page,
    ) -> Result<Listing<ProviderKey>> {
        let after = page.after.as_ref().map(position::key_place).transpose()?;
        let name = |pool: PoolId| self.pools.get(&pool).map(|pool| &pool.name);
        let mut keys: Vec<ProviderKey> = self
            .keys
            .values()
            .filter(|key| pool.is_none_or(|wanted| key.pool == wanted))
            .filter(|key| {
                let place = (name(key.pool), &key.label);
                let after = after.as_ref().map(|(pool, label)| (name(*pool), label));
                after.is_none_or(|after| place > after)
            })
            .cloned()
            .collect();
        keys.sort_by(|a, b| (name(a.pool), &a.label).cmp(&(name(b.pool), &b.label)));
        Ok(Listing::cut(keys, page.size(), position::after_key))
    }

    pub(super) fn key(&self, id: KeyId) -> Result<ProviderKey> {
        self.keys.get(&id).cloned().ok_or(StoreError::NotFound)
    }

    pub(super) fn add_keys(&mut self, keys: &[ProviderKey], events: &[AuditEvent]) -> Result<()> {
        let mut all = self.keys.clone();
        for key in keys {
            check_unique(&all, key)?;
            if all.insert(key.id, key.clone()).is_some() {
                return Err(StoreError::Inconsistent("the identifier exists already"));
            }
            if !self.pools.contains_key(&key.pool) {
                return Err(StoreError::NotFound);
            }
        }
        self.keys = all;
        for event in events {
            self.record(event);
        }
        Ok(())
    }

    pub(super) fn update_key(&mut self, key: &ProviderKey, event: &AuditEvent) -> Result<()> {
        let stored = self.key(key.id)?;
        let changed = ProviderKey {
            pool: stored.pool,
            switch: stored.switch,
            created_at: stored.created_at,
            ..key.clone()
        };
        check_unique(&self.keys, &changed)?;
        self.keys.insert(changed.id, changed);
        self.record(event);
        Ok(())
    }

    pub(super) fn switch_key(
        &mut self,
        id: KeyId,
        switch: KeySwitch,
        force: Force,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut key = self.key(id)?;
        if switch == KeySwitch::Disabled {
            self.guard_last_enabled(&key, force)?;
        }
        key.switch = switch;
        self.keys.insert(id, key);
        self.record(event);
        Ok(())
    }

    pub(super) fn remove_key(&mut self, id: KeyId, force: Force, event: &AuditEvent) -> Result<()> {
        let key = self.key(id)?;
        self.guard_last_enabled(&key, force)?;
        self.keys.remove(&id);
        self.rests.retain(|(key, _), _| *key != id);
        self.record(event);
        Ok(())
    }

    fn guard_last_enabled(&self, key: &ProviderKey, force: Force) -> Result<()> {
        if force == Force::Yes || key.switch == KeySwitch::Disabled {
            return Ok(());
        }
        let another = self.keys.values().any(|other| {
            other.id != key.id && other.pool == key.pool && other.switch == KeySwitch::Enabled
        });
        another.then_some(()).ok_or(StoreError::LastEnabledKey)
    }
}

fn check_unique(keys: &BTreeMap<KeyId, ProviderKey>, key: &ProviderKey) -> Result<()> {
    let others = || {
        keys.values()
            .filter(|other| other.id != key.id && other.pool == key.pool)
    };
    if others().any(|other| other.label == key.label) {
        let label = key.label.clone();
        return Err(StoreError::LabelTaken { label });
    }
    match others().find(|other| other.fingerprint == key.fingerprint) {
        Some(same) => Err(StoreError::DuplicateSecret {
            label: same.label.clone(),
        }),
        None => Ok(()),
    }
}
