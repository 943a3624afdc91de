//! A plane's pools over the model store, on a clock that follows tokio's: paused time moves both.

use portunus_app::pools::{
    Ask, Attempted, Lease, Leave, Origin, PoolHandle, Pools, PoolsParts, Refused, Vault,
};
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::{Actor, AuditEvent};
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{AgentId, KeyId, PoolId};
use portunus_core::pool::{
    Class, Family, Observation, WindowId, WindowReading, WindowScope, WindowStatus,
};
use portunus_core::provider_key::{KeySwitch, Pool, Protocol, ProviderKey};
use portunus_core::scope::ScopeSet;
use portunus_core::secret::Secret;
use portunus_core::time::{Clock, Tick, Timestamp};
use portunus_core::token::{Pepper, TokenKind};
use portunus_store::memory::MemoryStore;
use portunus_store::{AuditFilter, Page, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;
use zeroize::Zeroizing;

pub(crate) const ANTHROPIC: PoolId = PoolId::from_bytes([1; 16]);
pub(crate) const SPARE: PoolId = PoolId::from_bytes([2; 16]);
pub(crate) const CANARY: &str = "sk-ant-canary-";

/// Wall time that follows tokio's.
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let since = self.0.elapsed().as_millis();
        Timestamp::from_secs(1_000).plus_ms(u64::try_from(since).unwrap())
    }

    fn tick(&self) -> Tick {
        let since = self.0.elapsed().as_millis();
        Tick::from_millis(u64::try_from(since).unwrap())
    }
}

pub(crate) fn key(number: u8) -> KeyId {
    KeyId::from_bytes([number; 16])
}

pub(crate) fn ask(agent: u8) -> Ask {
    Ask {
        agent: AgentId::from_bytes([agent; 16]),
        model: Arc::from("claude-sonnet-4-5"),
        family: Family::new("sonnet"),
        conversation: None,
        excluded: Vec::new(),
        avoided: Vec::new(),
        bound: None,
    }
}

pub(crate) fn event(action: &'static str) -> AuditEvent {
    AuditEvent {
        at: Timestamp::EPOCH,
        actor: Actor::Plane,
        action,
        subject: String::new(),
        details: Vec::new(),
        receipt: None,
    }
}

pub(crate) struct Stage {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) pools: Arc<Pools>,
    parts: PoolsParts,
}

impl Stage {
    /// The pools `anthropic` with `keys` keys, numbered from 1, and `spare` without any.
    pub(crate) async fn new(keys: u8) -> Self {
        let store = Arc::new(MemoryStore::default());
        let parts = PoolsParts {
            vault: Arc::new(Vault::new(&Zeroizing::new([7; 32]))),
            store: Arc::<MemoryStore>::clone(&store),
            clock: Arc::new(TokioClock(Instant::now())),
            background: Handle::current(),
        };
        for (id, name) in [(ANTHROPIC, "anthropic"), (SPARE, "spare")] {
            let pool = Pool {
                id,
                name: name.parse().unwrap(),
                protocol: Protocol::Anthropic,
                base_url: "https://api.anthropic.com".into(),
                max_wait_ms: 60_000,
                fallback: None,
                wrapped_data_key: parts.vault.new_data_key(id).unwrap(),
                created_at: Timestamp::EPOCH,
            };
            store
                .create_pool(&pool, &event("pool.created"))
                .await
                .unwrap();
        }
        let snapshot = store.snapshot().await.unwrap();
        let pools = Arc::new(Pools::open(parts.clone(), &snapshot).unwrap());
        let stage = Self {
            store,
            pools,
            parts,
        };
        for number in 1..=keys {
            stage.add_key(ANTHROPIC, number).await;
        }
        stage
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.parts.vault
    }

    /// Seals, stores and takes over a key, as the use case does.
    pub(crate) async fn add_key(&self, pool: PoolId, number: u8) -> ProviderKey {
        let handle = self.pools.by_id(pool).unwrap();
        let origin = Origin::of(&handle.settings().base_url).unwrap();
        let secret = Secret::new(format!("{CANARY}{number}"));
        let key = ProviderKey {
            id: key(number),
            pool,
            label: format!("key-{number}").parse().unwrap(),
            priority: 0,
            base_url: None,
            sealed_secret: handle.vault().seal(key(number), &origin, &secret).unwrap(),
            fingerprint: [number; 8],
            switch: KeySwitch::Enabled,
            quarantine: None,
            created_at: Timestamp::EPOCH,
        };
        let added = [event("key.added")];
        self.store
            .add_keys(std::slice::from_ref(&key), &added)
            .await
            .unwrap();
        self.pools.put_keys(vec![key.clone()]);
        key
    }

    /// An agent in the store, which drops facts about agents that it does not know.
    pub(crate) async fn add_agent(&self) -> AgentId {
        let agent = Agent::new(
            AgentId::from_bytes([1; 16]),
            "mayor".parse().unwrap(),
            ScopeSet::agent(),
            Timestamp::EPOCH,
        );
        let minted = Pepper::new(1, &[9; 32]).mint(TokenKind::Agent, &[1; 44]);
        let whose = Principal::Agent(agent.id);
        let token = TokenRecord::new(minted.kid, minted.digest, whose, Timestamp::EPOCH);
        let created = event("agent.created");
        self.store
            .create_agent(&agent, &token, &created)
            .await
            .unwrap();
        agent.id
    }

    pub(crate) fn pool(&self) -> Arc<PoolHandle> {
        self.pools.serving(Protocol::Anthropic).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn try_lease(&self, agent: u8) -> Attempted {
        self.pools.try_lease(&self.pool(), &ask(agent))
    }

    pub(crate) fn lease(&self, agent: u8) -> Lease {
        match self.try_lease(agent) {
            Attempted::Granted(lease) => lease,
            other => panic!("no lease but {other:?}"),
        }
    }

    /// A lease, waiting up to `secs` seconds.
    pub(crate) async fn wait(&self, agent: u8, secs: u64) -> Result<Lease, Refused> {
        let deadline = self.now().plus_ms(secs * 1_000);
        self.pools
            .lease(&self.pool(), &ask(agent), 0, deadline, Leave::Forget)
            .await
    }

    /// Waits in a task of its own.
    pub(crate) fn wait_aside(
        self: &Arc<Self>,
        agent: u8,
        secs: u64,
    ) -> tokio::task::JoinHandle<Result<Lease, Refused>> {
        let stage = Arc::clone(self);
        tokio::spawn(async move { stage.wait(agent, secs).await })
    }

    /// Limits every key that serves now, for `secs` seconds.
    pub(crate) fn limit_all(&self, secs: u64) {
        while let Attempted::Granted(mut lease) = self.pool().try_lease(&ask(200)) {
            lease.report(&self.limit(secs));
        }
    }

    pub(crate) fn limit(&self, secs: u64) -> Observation {
        let id = WindowId {
            scope: WindowScope::Key,
            kind: Arc::from("5h"),
        };
        Observation {
            class: Class::Quota,
            windows: vec![WindowReading {
                id,
                status: WindowStatus::Rejected,
                utilization: None,
                remaining: None,
                reset: Some(self.now().plus_ms(secs * 1_000)),
            }],
        }
    }

    /// Changes a pool as the use case does.
    pub(crate) async fn set_pool(&self, id: PoolId, change: impl FnOnce(&mut Pool)) {
        let mut pool = Pool::clone(&self.pools.by_id(id).unwrap().settings());
        change(&mut pool);
        self.store
            .update_pool(&pool, &[], &event("pool.changed"))
            .await
            .unwrap();
        self.pools.put_pool(pool).unwrap();
    }

    /// The same store after a kill: nothing of the old pools is left.
    pub(crate) async fn reborn(&self) -> Arc<Pools> {
        let snapshot = self.store.snapshot().await.unwrap();
        Arc::new(Pools::open(self.parts.clone(), &snapshot).unwrap())
    }

    /// Actions in the audit log, oldest first, without those of the set-up.
    pub(crate) async fn actions(&self) -> Vec<String> {
        let page = Page {
            after: None,
            limit: 100,
        };
        let log = self
            .store
            .audit(AuditFilter::default(), page)
            .await
            .unwrap();
        let actions = log.items.into_iter().rev().map(|record| record.action);
        actions
            .filter(|a| !["pool.created", "key.added", "pool.changed"].contains(&a.as_str()))
            .collect()
    }
}

pub(crate) async fn sleep_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
