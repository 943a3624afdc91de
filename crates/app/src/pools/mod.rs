//! The pools at work: leases for the model door, secrets for leases, and a record of what was observed.
//!
//! Which key serves and who waits is decided by [`portunus_core::pool`]; here are the lock around it, the timers,
//! the vault and the writing behind. The model door calls [`Pools::lease`] and [`Lease`]; the use
//! cases call the `put`, `clear` and `remove` functions after they have stored a change.

mod bindings;
mod config;
mod fallback;
mod handle;
mod journal;
mod lease;
mod masked;
mod origin;
mod reach;
mod record;
mod refusal;
mod roster;
mod timekeeper;
mod vault;
mod waiting;

pub use handle::{Attempted, PoolHandle, Replaced};
pub use lease::Lease;
pub use origin::{Origin, OriginError};
pub use portunus_core::pool::{Ask, Impossible, Leave, Place};
pub use reach::{OutOfReach, Reach};
pub use record::{Recorder, Unsaved};
pub use refusal::Refused;
pub use roster::KeyRecord;
pub(crate) use vault::SeedOf;
pub use vault::{PoolVault, Vault, VaultError};

pub use portunus_store::ObjectHash;

use arc_swap::ArcSwap;
use bindings::Bindings;
use portunus_core::ids::{AgentId, KeyId, PoolId};
use portunus_core::name::Slug;
use portunus_core::provider_key::{Pool, Protocol, ProviderKey};
use portunus_core::time::Clock;
use portunus_store::{Binding, Snapshot, Store, StoreError};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// What the pools are built from.
#[derive(Clone)]
pub struct PoolsParts {
    /// Holds the master key.
    pub vault: Arc<Vault>,
    /// Takes what is written behind.
    pub store: Arc<dyn Store>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Where timers and writing behind run.
    pub background: Handle,
}

impl fmt::Debug for PoolsParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolsParts(..)")
    }
}

/// All pools. Reading takes no lock.
pub struct Pools {
    parts: PoolsParts,
    directory: ArcSwap<Directory>,
    recorder: Recorder,
    bindings: Bindings,
    reach: Reach,
    /// Rung after every change of the configuration: what was hopeless may not be any more.
    changes: watch::Sender<()>,
}

#[derive(Clone, Default)]
struct Directory {
    by_id: HashMap<PoolId, Arc<PoolHandle>>,
    by_name: HashMap<Slug, Arc<PoolHandle>>,
    anthropic: Option<Arc<PoolHandle>>,
    openai: Option<Arc<PoolHandle>>,
}

impl Directory {
    fn of(pools: impl Iterator<Item = Arc<PoolHandle>>) -> Self {
        let mut directory = Self::default();
        for pool in pools {
            let settings = pool.settings();
            if settings.name.as_str() == settings.protocol.as_str() {
                *directory.serving(settings.protocol) = Some(Arc::clone(&pool));
            }
            directory
                .by_name
                .insert(settings.name.clone(), Arc::clone(&pool));
            directory.by_id.insert(pool.id(), pool);
        }
        directory
    }

    const fn serving(&mut self, protocol: Protocol) -> &mut Option<Arc<PoolHandle>> {
        match protocol {
            Protocol::Anthropic => &mut self.anthropic,
            Protocol::OpenAi => &mut self.openai,
        }
    }
}

impl Pools {
    /// Builds the pools as stored, rests included.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`].
    pub fn open(parts: PoolsParts, snapshot: &Snapshot) -> Result<Self, VaultError> {
        let recorder = Recorder::start(Arc::clone(&parts.store), &parts.background);
        let pools = Self {
            bindings: Bindings::new(Arc::clone(&parts.store), recorder.clone()),
            parts,
            directory: ArcSwap::default(),
            recorder,
            reach: Reach::default(),
            changes: watch::Sender::default(),
        };
        for pool in &snapshot.pools {
            pools.put_pool(pool.clone())?;
        }
        for pool in pools.all() {
            let keys = snapshot.keys.iter().filter(|key| key.pool == pool.id());
            pool.put_keys(keys.cloned().collect());
        }
        for rest in &snapshot.rests {
            for pool in pools.all().iter().filter(|p| p.key(rest.key).is_some()) {
                pool.restore_rest(rest);
            }
        }
        Ok(pools)
    }

    // What the model door calls.

    /// The pool that serves a protocol: the one named like it.
    #[must_use]
    pub fn serving(&self, protocol: Protocol) -> Option<Arc<PoolHandle>> {
        let directory = self.directory.load();
        match protocol {
            Protocol::Anthropic => directory.anthropic.clone(),
            Protocol::OpenAi => directory.openai.clone(),
        }
    }

    /// Remembers which key holds an object that an agent created upstream.
    pub fn remember_binding(&self, object: ObjectHash, agent: AgentId, key: KeyId) {
        let at = self.parts.clock.now();
        self.bindings.remember(Binding {
            object,
            agent,
            key,
            at,
        });
    }

    /// The key that holds an object of this agent; the key may be gone meanwhile.
    ///
    /// # Errors
    /// When the object is not in RAM and the store cannot be asked.
    pub async fn binding(
        &self,
        object: ObjectHash,
        agent: AgentId,
    ) -> Result<Option<KeyId>, StoreError> {
        let now = self.parts.clock.now();
        self.bindings.key(object, agent, now).await
    }

    /// Where events of the model door are recorded.
    #[must_use]
    pub const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    // What the use cases call.

    /// Which upstreams could not be reached.
    #[must_use]
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Seals data keys of new pools.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.parts.vault
    }

    /// Every pool, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<PoolHandle>> {
        let mut pools: Vec<_> = self.directory.load().by_name.values().cloned().collect();
        pools.sort_by(|one, other| one.settings().name.cmp(&other.settings().name));
        pools
    }

    /// The pool of that name.
    #[must_use]
    pub fn pool(&self, name: &Slug) -> Option<Arc<PoolHandle>> {
        self.directory.load().by_name.get(name).cloned()
    }

    /// The pool of that id.
    #[must_use]
    pub fn by_id(&self, id: PoolId) -> Option<Arc<PoolHandle>> {
        self.directory.load().by_id.get(&id).cloned()
    }

    /// Takes over a new pool or a change of one. Keys whose origin changed by it are set aside.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`].
    pub fn put_pool(&self, pool: Pool) -> Result<(), VaultError> {
        let handle = match self.by_id(pool.id) {
            Some(handle) => {
                handle.put_settings(pool);
                handle
            }
            None => {
                let vault = self.parts.vault.open_pool(&pool)?;
                let clock = Arc::clone(&self.parts.clock);
                let handle = PoolHandle::new(pool, vault, clock, self.recorder.clone());
                let handle = Arc::new(handle);
                timekeeper::start(&handle, &self.parts.background);
                handle
            }
        };
        self.directory.rcu(|directory| {
            let others = directory.by_id.values().filter(|p| p.id() != handle.id());
            Directory::of(others.chain([&handle]).cloned())
        });
        self.changes.send_replace(());
        Ok(())
    }

    /// Takes over new keys, or changes of label, priority, base URL or switch; waiters are served at once.
    pub fn put_keys(&self, keys: Vec<ProviderKey>) {
        let mut by_pool: HashMap<PoolId, Vec<ProviderKey>> = HashMap::new();
        for key in keys {
            by_pool.entry(key.pool).or_default().push(key);
        }
        for (id, keys) in by_pool {
            if let Some(pool) = self.by_id(id) {
                pool.put_keys(keys);
            }
        }
        self.changes.send_replace(());
    }

    /// Takes over a key that an operator declared well: rests and quarantine end.
    pub fn clear_key(&self, key: ProviderKey) {
        if let Some(pool) = self.by_id(key.pool) {
            pool.clear_key(key);
        }
        self.changes.send_replace(());
    }

    /// Takes over a key that was given a new secret: nothing that was learned of the old one counts.
    pub fn renew_secret(&self, key: ProviderKey) {
        if let Some(pool) = self.by_id(key.pool) {
            pool.renew_secret(key);
        }
        self.changes.send_replace(());
    }

    /// Takes a key out.
    pub fn remove_key(&self, pool: PoolId, key: KeyId) {
        if let Some(pool) = self.by_id(pool) {
            pool.remove_key(key);
        }
        self.changes.send_replace(());
    }
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pools(..)")
    }
}
