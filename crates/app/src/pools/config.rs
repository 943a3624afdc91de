//! Changes of a pool's configuration. The caller has stored a change before it comes here.

use super::handle::PoolHandle;
use super::record::Fact;
use super::roster::{KeyRecord, Roster};
use portunus_core::ids::KeyId;
use portunus_core::pool::{KeyConfig, PoolState, Rest};
use portunus_core::provider_key::{Pool, ProviderKey, Quarantine};
use portunus_core::time::Timestamp;
use portunus_store::StoredRest;
use std::sync::Arc;

impl PoolHandle {
    pub(super) fn put_settings(self: &Arc<Self>, pool: Pool) {
        let roster: Vec<ProviderKey> = self
            .roster
            .load()
            .values()
            .map(|record| record.key.clone())
            .collect();
        self.settings.store(Arc::new(pool));
        self.put_keys(roster);
    }

    pub(super) fn put_keys(self: &Arc<Self>, keys: Vec<ProviderKey>) {
        let pool = self.settings();
        let records: Vec<Arc<KeyRecord>> = keys
            .into_iter()
            .map(|key| Arc::new(KeyRecord::new(key, &pool, self.vault())))
            .collect();
        self.roster.rcu(|roster| {
            let mut roster = Roster::clone(roster);
            for record in &records {
                roster.insert(record.key.id, Arc::clone(record));
            }
            roster
        });
        for record in &records {
            let opens = record.opens();
            self.with_state(|state, now| {
                state.put_key(KeyConfig::from(&record.key), now);
                if !opens {
                    state.quarantine_key(record.key.id, Quarantine::OriginChanged, now);
                }
            });
        }
    }

    pub(super) fn clear_key(self: &Arc<Self>, key: ProviderKey) {
        self.release_key(key, PoolState::clear_key);
    }

    pub(super) fn renew_secret(self: &Arc<Self>, key: ProviderKey) {
        self.release_key(key, PoolState::renew_secret);
    }

    fn release_key(
        self: &Arc<Self>,
        key: ProviderKey,
        release: impl FnOnce(&mut PoolState, KeyId, Timestamp),
    ) {
        let id = key.id;
        let record = Arc::new(KeyRecord::new(key, &self.settings(), self.vault()));
        let opens = record.opens();
        self.roster.rcu(|roster| {
            let mut roster = Roster::clone(roster);
            roster.insert(id, Arc::clone(&record));
            roster
        });
        self.with_state(|state, now| {
            state.put_key(KeyConfig::from(&record.key), now);
            if opens {
                // A quarantine that is still on its way to the store must not outlive this.
                self.recorder.record(Fact::Released(id));
                release(state, id, now);
            } else {
                state.quarantine_key(id, Quarantine::OriginChanged, now);
            }
        });
    }

    pub(super) fn remove_key(self: &Arc<Self>, id: KeyId) {
        self.with_state(|state, now| state.remove_key(id, now));
        self.roster.rcu(|roster| {
            let mut roster = Roster::clone(roster);
            roster.remove(&id);
            roster
        });
    }

    pub(super) fn restore_rest(self: &Arc<Self>, stored: &StoredRest) {
        let rest = Rest {
            until: stored.until,
            since: stored.since,
            reason: stored.reason,
        };
        self.with_state(|state, now| state.restore_rest(stored.key, &stored.window, rest, now));
    }
}
