//! The accounts of agents, found by id however many there are: 64 shards, each behind a lock of its own.

use parking_lot::{Mutex, RwLock};
use portunus_core::budget::{Account, Budget, Quantity, Subject};
use portunus_core::ids::AgentId;
use portunus_core::time::Timestamp;
use portunus_store::Spending;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SHARDS: usize = 64;

/// One account, and the short lock around it.
pub(super) struct SharedAccount {
    /// The agent or the pool that it counts for.
    pub(super) subject: Subject,
    pub(super) account: Mutex<Account>,
    /// Whether it stands in the queue of those to be saved.
    queued: AtomicBool,
}

impl SharedAccount {
    pub(super) fn new(subject: Subject, account: Account) -> Self {
        Self {
            subject,
            account: Mutex::new(account),
            queued: AtomicBool::new(false),
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

impl SharedAccount {
    /// Puts it into the queue of those to be saved; whether it was not there yet.
    pub(super) fn queue(&self) -> bool {
        !self.queued.load(Ordering::Relaxed) && !self.queued.swap(true, Ordering::AcqRel)
    }

    /// What is to be saved of it. It may be queued again from now on.
    pub(super) fn take_unsaved(&self) -> Vec<Spending> {
        self.queued.store(false, Ordering::Release);
        let unsaved = self.account.lock().take_unsaved();
        let spending = |saved| Spending {
            subject: self.subject,
            saved,
        };
        unsaved.into_iter().map(spending).collect()
    }
}

type Shard = RwLock<HashMap<AgentId, Arc<SharedAccount>, BuildHasherDefault<IdHasher>>>;

/// Takes bits of the id as they are, other ones than those that name the shard: ids are random, and ours.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(random) = bytes.last_chunk::<8>() {
            self.0 = u64::from_le_bytes(*random);
        }
    }

    /// The length of the id, which is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

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

    /// The agent's account, opened if there is none.
    ///
    /// Whether the agent lives is not asked: an account too much, of a request that overtook its agent's deletion, is
    /// gone with the next start, while one that is not kept would count nothing.
    pub(super) fn find_or_open(
        &self,
        agent: AgentId,
        open: impl FnOnce() -> SharedAccount,
    ) -> Arc<SharedAccount> {
        let mut shard = self.shard(agent).write();
        let account = shard.entry(agent).or_insert_with(|| Arc::new(open()));
        Arc::clone(account)
    }

    pub(super) fn remove(&self, agent: AgentId) {
        self.shard(agent).write().remove(&agent);
    }

    /// Visits every account.
    pub(super) fn each(&self, mut visit: impl FnMut(AgentId, &SharedAccount)) {
        for shard in &self.0 {
            for (agent, account) in shard.read().iter() {
                visit(*agent, account);
            }
        }
    }

    /// Visits every account, and drops those that `keep` does not want.
    pub(super) fn retain(&self, mut keep: impl FnMut(AgentId, &SharedAccount) -> bool) {
        for shard in &self.0 {
            shard.write().retain(|agent, account| keep(*agent, account));
        }
    }
}
