//! The model: a store in plain maps behind one lock. It says what every other store must do, and serves tests.
//!
//! The trait's methods are thin here; what they do is in the modules by subject, as methods of [`State`].

mod access;
mod agents;
mod alarms;
mod audit;
mod budgets;
mod imported;
mod inboxes;
mod journal;
mod keys;
mod ledger;
mod liveness;
mod messages;
mod notifications;
mod operators;
mod outbox;
mod pools;
mod receipts;
mod sent;
mod sessions;
mod tokens;
mod usage;

use crate::{
    AgentTokens, AuditFilter, Binding, Day, Force, ImportedToken, LedgerBatch, Listing, Liveness,
    NumberedSegment, ObjectHash, Page, PoolFacts, Result, Retention, Rotation, SegmentWish,
    Snapshot, Spending, Standing, Store, StoreError, StoredRest, Tell, UsageRow, UsageSum,
    UsageWish,
};
use parking_lot::{Mutex, MutexGuard};
use portunus_core::access::{SigningKey, TokenFamily};
use portunus_core::agent::{Agent, Principal};
use portunus_core::alarm::Alarm;
use portunus_core::audit::{AuditEvent, AuditRecord};
use portunus_core::budget::{Budget, Quantity, Subject};
use portunus_core::credential::{TokenRecord, TokenState};
use portunus_core::ids::{
    AgentId, AlarmId, BudgetId, DeviceId, FamilyId, KeyId, OperatorId, PoolId, SigningKeyId,
};
use portunus_core::name::Slug;
use portunus_core::once::{Claim, Receipt};
use portunus_core::operator::Operator;
use portunus_core::password::PasswordHash;
use portunus_core::pool::answer::WindowId;
use portunus_core::provider_key::{KeySwitch, Pool, ProviderKey};
use portunus_core::session::{Device, SessionRecord};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

/// A store that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    down: AtomicBool,
    spoilt: Mutex<Option<AgentId>>,
}

/// Whether the model pretends to be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Every method fails with [`StoreError::Unavailable`].
    Begins,
    /// It answers again, with everything that it knew.
    Ends,
}

impl MemoryStore {
    /// Pretends to be down, or comes back: what the plane does meanwhile can be tested.
    pub fn outage(&self, outage: Outage) {
        self.down.store(outage == Outage::Begins, Ordering::SeqCst);
    }

    /// Pretends that what is kept for an agent cannot be read or written: whatever looks into its inbox, acknowledges for it
    /// or saves when it was heard of fails.
    pub fn spoil(&self, agent: AgentId) {
        *self.spoilt.lock() = Some(agent);
    }

    fn check_spoilt(&self, mut agents: impl Iterator<Item = AgentId>) -> Result<()> {
        let spoilt = *self.spoilt.lock();
        if spoilt.is_some_and(|spoilt| agents.any(|agent| agent == spoilt)) {
            return Err(StoreError::Inconsistent("a pretended defect"));
        }
        Ok(())
    }

    fn open(&self) -> Result<MutexGuard<'_, State>> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("a pretended outage".into()));
        }
        Ok(self.state.lock())
    }

    /// For a change that `events` tell of, unless it was carried out under the same claim before.
    fn change<'e>(
        &self,
        events: impl IntoIterator<Item = &'e AuditEvent>,
    ) -> Result<MutexGuard<'_, State>> {
        let state = self.open()?;
        for event in events {
            state.check_claim(event)?;
        }
        Ok(state)
    }
}

/// All that the model remembers. Its methods check everything first and change only then, so that an error leaves
/// no trace.
#[derive(Clone, Debug, Default)]
struct State {
    agents: BTreeMap<AgentId, Agent>,
    operators: BTreeMap<OperatorId, Operator>,
    tokens: BTreeMap<Kid, TokenRecord>,
    imported: BTreeMap<Kid, ImportedToken>,
    pools: BTreeMap<PoolId, Pool>,
    keys: BTreeMap<KeyId, ProviderKey>,
    rests: BTreeMap<(KeyId, WindowId), StoredRest>,
    bindings: BTreeMap<(ObjectHash, AgentId), Binding>,
    log: audit::Log,
    alarms: BTreeMap<AlarmId, Alarm>,
    ledger: ledger::Ledger,
    budgets: BTreeMap<BudgetId, Budget>,
    spending: BTreeMap<(Subject, Quantity), Spending>,
    signing_keys: BTreeMap<SigningKeyId, SigningKey>,
    families: BTreeMap<FamilyId, TokenFamily>,
    receipts: HashMap<Claim, Receipt>,
    passwords: BTreeMap<OperatorId, PasswordHash>,
    sessions: BTreeMap<Kid, SessionRecord>,
    devices: BTreeMap<DeviceId, Device>,
    liveness: BTreeMap<AgentId, Liveness>,
    post: messages::Post,
    notices: notifications::Notices,
}

impl State {
    fn snapshot(&self) -> Snapshot {
        let lives = |token: &&TokenRecord| !matches!(token.state, TokenState::Revoked { .. });
        let of_operators = self
            .tokens
            .values()
            .filter(|token| lives(token) && matches!(token.principal, Principal::Operator(_)));
        Snapshot {
            operators: self.operators.values().cloned().collect(),
            tokens: of_operators.cloned().collect(),
            pools: self.pools.values().cloned().collect(),
            keys: self.keys.values().cloned().collect(),
            rests: self.rests.values().cloned().collect(),
            budgets: self.budgets.values().copied().collect(),
            spending: self.spending.values().copied().collect(),
            signing_keys: self.signing_keys.values().cloned().collect(),
            families: self.families.values().cloned().collect(),
            audit_key: self.log.key.clone(),
            sessions: self.sessions.values().cloned().collect(),
            devices: self.devices.values().cloned().collect(),
        }
    }
}

#[async_trait::async_trait]
impl Store for MemoryStore {
    async fn ping(&self) -> Result<()> {
        self.open().map(drop)
    }

    async fn snapshot(&self) -> Result<Snapshot> {
        Ok(self.open()?.snapshot())
    }

    async fn backup(&self) -> Result<File> {
        Err(StoreError::Unavailable(
            "a store in memory has no file to copy".to_owned(),
        ))
    }

    async fn agents_from(&self, from: AgentId, limit: u32) -> Result<Vec<AgentTokens>> {
        Ok(self.open()?.agents_from(from, limit))
    }

    async fn create_agent(
        &self,
        agent: &Agent,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?.create_agent(agent, token, event)
    }

    async fn delete_agent(
        &self,
        id: AgentId,
        at: Timestamp,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>> {
        self.open()?.delete_agent(id, at, event)
    }

    async fn agents(&self, standing: Standing, page: Page) -> Result<Listing<Agent>> {
        self.open()?.list_agents(standing, &page)
    }

    async fn agent(&self, id: AgentId) -> Result<Agent> {
        self.open()?.agent(id)
    }

    async fn agent_by_name(&self, name: &Slug) -> Result<Agent> {
        self.open()?.agent_by_name(name)
    }

    async fn agent_names_like(&self, name: &Slug) -> Result<Vec<Slug>> {
        Ok(self.open()?.agent_names_like(name))
    }

    async fn tokens(
        &self,
        principal: Option<Principal>,
        page: Page,
    ) -> Result<Listing<TokenRecord>> {
        self.open()?.list_tokens(principal, &page)
    }

    async fn token(&self, kid: Kid) -> Result<Option<TokenRecord>> {
        Ok(self.open()?.tokens.get(&kid).cloned())
    }

    async fn rotate_token(
        &self,
        principal: Principal,
        successor: &TokenRecord,
        now: Timestamp,
        event: &dyn Tell<Rotation>,
    ) -> Result<Rotation> {
        self.open()?.rotate_token(principal, successor, now, event)
    }

    async fn revoke_token(
        &self,
        kid: Kid,
        at: Timestamp,
        force: Force,
        event: &AuditEvent,
    ) -> Result<Option<TokenRecord>> {
        self.change([event])?.revoke_token(kid, at, force, event)
    }

    async fn mark_first_use(&self, kid: Kid, at: Timestamp) -> Result<()> {
        self.open()?.mark_first_use(kid, at)
    }

    async fn add_signing_key(
        &self,
        key: &SigningKey,
        predecessor: Option<SigningKeyId>,
        overlap_end: Timestamp,
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?
            .add_signing_key(key, predecessor, overlap_end, event)
    }

    async fn begin_family(&self, family: &TokenFamily) -> Result<()> {
        self.open()?.begin_family(family)
    }

    async fn save_family(&self, family: &TokenFamily) -> Result<()> {
        self.open()?.save_family(family)
    }

    async fn end_families(&self, families: &[FamilyId], event: Option<&AuditEvent>) -> Result<()> {
        self.change(event)?.end_families(families, event);
        Ok(())
    }

    async fn raise_generation(&self, agent: AgentId, event: &dyn Tell<u64>) -> Result<u64> {
        self.open()?.raise_generation(agent, event)
    }

    async fn pools(&self) -> Result<Vec<Pool>> {
        Ok(self.open()?.list_pools())
    }

    async fn create_pool(&self, pool: &Pool, event: &AuditEvent) -> Result<()> {
        self.change([event])?.create_pool(pool, event)
    }

    async fn update_pool(
        &self,
        pool: &Pool,
        requarantine: &[KeyId],
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?.update_pool(pool, requarantine, event)
    }

    async fn keys(&self, pool: Option<PoolId>, page: Page) -> Result<Listing<ProviderKey>> {
        self.open()?.list_keys(pool, &page)
    }

    async fn key(&self, id: KeyId) -> Result<ProviderKey> {
        self.open()?.key(id)
    }

    async fn add_keys(&self, keys: &[ProviderKey], events: &[AuditEvent]) -> Result<()> {
        self.change(events)?.add_keys(keys, events)
    }

    async fn update_key(&self, key: &ProviderKey, event: &AuditEvent) -> Result<()> {
        self.change([event])?.update_key(key, event)
    }

    async fn switch_key(
        &self,
        id: KeyId,
        switch: KeySwitch,
        force: Force,
        event: &AuditEvent,
    ) -> Result<()> {
        self.change([event])?.switch_key(id, switch, force, event)
    }

    async fn remove_key(&self, id: KeyId, force: Force, event: &AuditEvent) -> Result<()> {
        self.change([event])?.remove_key(id, force, event)
    }

    async fn save_pool_facts(&self, facts: &PoolFacts) -> Result<()> {
        self.change(&facts.events)?.save_pool_facts(facts);
        Ok(())
    }

    async fn binding(&self, object: ObjectHash, agent: AgentId) -> Result<Option<KeyId>> {
        let state = self.open()?;
        Ok(state.bindings.get(&(object, agent)).map(|b| b.key))
    }

    async fn forget_bindings(&self, before: Timestamp) -> Result<u64> {
        Ok(self.open()?.forget_bindings(before))
    }

    async fn set_budget(&self, budget: &Budget, event: &AuditEvent) -> Result<()> {
        self.change([event])?.set_budget(budget, event)
    }

    async fn remove_budget(&self, id: BudgetId, event: &AuditEvent) -> Result<()> {
        self.change([event])?.remove_budget(id, event)
    }

    async fn save_spending(&self, spending: &[Spending]) -> Result<()> {
        self.open()?.save_spending(spending);
        Ok(())
    }

    async fn save_ledger(&self, batch: &LedgerBatch) -> Result<()> {
        self.open()?.save_ledger(batch);
        Ok(())
    }

    async fn decision_segments(&self, wish: &SegmentWish) -> Result<Vec<NumberedSegment>> {
        Ok(self.open()?.decision_segments(wish))
    }

    async fn prune_decisions(&self, keep: Retention) -> Result<u64> {
        Ok(self.open()?.prune_decisions(keep))
    }

    async fn usage_rows(&self, first: Day, last: Day) -> Result<Vec<UsageRow>> {
        Ok(self.open()?.usage_rows(first, last))
    }

    async fn usage_sums(&self, wish: &UsageWish) -> Result<Vec<UsageSum>> {
        Ok(self.open()?.usage_sums(wish))
    }

    async fn audit(&self, filter: AuditFilter, page: Page) -> Result<Listing<AuditRecord>> {
        self.open()?.list_records(&filter, &page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_model_passes_the_suite_that_it_defines() {
        conformance::run(|| async { Arc::new(MemoryStore::default()) as Arc<dyn Store> }).await;
    }
}
