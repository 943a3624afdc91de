//! The accounts of agents, found by id however many there are: 64 shards, each behind a lock of its own.

use parking_lot::{Mutex, RwLock};
use portunus_core::budget::{Account, Budget, BudgetScope, Quantity};
use portunus_core::ids::AgentId;
use portunus_core::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

const SHARDS: usize = 64;

/// One account, and the short lock around it.
pub(super) struct SharedAccount {
    /// The agent or the pool that it counts for.
    pub(super) subject: BudgetScope,
    pub(super) account: Mutex<Account>,
}

impl SharedAccount {
    pub(super) fn new(subject: BudgetScope, account: Account) -> Self {
        Self {
            subject,
            account: Mutex::new(account),
        }
    }

    /// Binds it by `budget` or by none of this quantity; whether any budget binds it then.
    pub(super) fn obey(&self, quantity: Quantity, budget: Option<Budget>, now: Timestamp) -> bool {
        let mut account = self.account.lock();
        match budget {
            Some(budget) => account.bind(budget, now),
            None => account.unbind(quantity),
        }
        !account.is_free()
    }
}

type Shard = RwLock<HashMap<AgentId, Arc<SharedAccount>>>;

/// The accounts of all agents that asked for something, or have budgets of their own.
pub(super) struct Accounts([Shard; SHARDS]);

impl Accounts {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| RwLock::default()))
    }

    fn shard(&self, agent: AgentId) -> &Shard {
        let [first, ..] = *agent.as_bytes();
        #[expect(
            clippy::indexing_slicing,
            reason = "the remainder names one of the shards"
        )]
        &self.0[usize::from(first) % SHARDS]
    }

    pub(super) fn find(&self, agent: AgentId) -> Option<Arc<SharedAccount>> {
        self.shard(agent).read().get(&agent).cloned()
    }

    /// The agent's account, opened if there is none; one of an agent that does not live is not kept.
    pub(super) fn find_or_open(
        &self,
        agent: AgentId,
        lives: impl FnOnce() -> bool,
        open: impl FnOnce() -> SharedAccount,
    ) -> Arc<SharedAccount> {
        let mut shard = self.shard(agent).write();
        if let Some(known) = shard.get(&agent) {
            return Arc::clone(known);
        }
        let account = Arc::new(open());
        if lives() {
            shard.insert(agent, Arc::clone(&account));
        }
        account
    }

    pub(super) fn remove(&self, agent: AgentId) {
        self.shard(agent).write().remove(&agent);
    }

    /// Visits every account, and drops those that `keep` does not want.
    pub(super) fn retain(&self, mut keep: impl FnMut(AgentId, &SharedAccount) -> bool) {
        for shard in &self.0 {
            shard.write().retain(|agent, account| keep(*agent, account));
        }
    }
}
