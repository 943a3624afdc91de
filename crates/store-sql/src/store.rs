//! The `Store` trait on SQLite: which statements make one transaction, and that each change carries its record.

use crate::failure::{Attempt, Failure};
use crate::writing::{Change, Writing};
use crate::{
    access, agents, backup, budgets, checkpoints, facts, journal, keys, ledger, operators, pools,
    sessions, spending, tokens, unsummed, usage,
};
use portunus_core::access::{SigningKey, TokenFamily};
use portunus_core::agent::{Agent, Principal};
use portunus_core::audit::{AuditEvent, AuditRecord};
use portunus_core::budget::Budget;
use portunus_core::credential::TokenRecord;
use portunus_core::ids::{AgentId, BudgetId, FamilyId, KeyId, PoolId, SigningKeyId};
use portunus_core::name::Slug;
use portunus_core::provider_key::{KeySwitch, Pool, ProviderKey};
use portunus_core::time::Timestamp;
use portunus_core::token::Kid;
use portunus_store::{
    AgentTokens, AuditFilter, Day, Force, LedgerBatch, Listing, NumberedSegment, ObjectHash, Page,
    PoolFacts, Result, Retention, Rotation, SegmentWish, Snapshot, Spending, Standing, Store,
    StoreError, Tell, UsageRow, UsageSum, UsageWish,
};
use sqlx::Transaction;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{Sqlite, SqlitePool};
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};

/// A plane's memory in one SQLite file, shared safely with other processes.
#[derive(Debug)]
pub struct SqliteStore {
    /// One connection: changes queue here instead of failing on SQLite's lock.
    writer: SqlitePool,
    readers: SqlitePool,
    copying: tokio::sync::Mutex<()>,
    /// Transactions that were begun to write something.
    writes: AtomicU64,
    writing: Writing,
}

impl SqliteStore {
    pub(crate) fn of(writer: SqlitePool, readers: SqlitePool) -> Self {
        Self {
            writer,
            readers,
            copying: tokio::sync::Mutex::default(),
            writes: AtomicU64::new(0),
            writing: Writing::default(),
        }
    }

    /// Waits for what is under way, folds the write-ahead log into the file and lets go of it.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Folds the write-ahead log into the file, so that the file alone is the whole database until something is written
    /// again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also when somebody reads on from the log.
    pub async fn fold(&self) -> Result<()> {
        // SQLite says whether somebody was in the way in its answer's first column, and otherwise that all went well.
        let in_the_way: sqlx::Result<i64> = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.writer)
            .await;
        match in_the_way.map_err(Failure::from)? {
            0 => Ok(()),
            _ => Err(StoreError::Unavailable(
                "the write-ahead log is being read".to_owned(),
            )),
        }
    }

    /// A transaction that holds the write lock from its start: what it reads stays true until it commits.
    pub(crate) async fn change(&self) -> Attempt<Change> {
        let begun = match self.begin().await {
            // On a full disk SQLite takes a transaction back by itself, and the connection is counted as being in one
            // for ever. A new one knows nothing of that.
            Err(sqlx::Error::InvalidSavePointStatement | sqlx::Error::BeginFailed) => {
                self.writer.acquire().await?.close().await?;
                self.begin().await
            }
            begun => begun,
        };
        self.writing.begun(begun)
    }

    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Brings the sums of usage up to date. Without it they would be too small, so they are not read then.
    async fn add_usage_up(&self) -> Result<()> {
        if !unsummed::exists(&mut *self.reader().await?).await? {
            return Ok(());
        }
        let mut tx = self.change().await?;
        unsummed::add_up(&mut tx).await?;
        commit(tx).await
    }

    pub(crate) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    pub(crate) async fn reader(&self) -> Attempt<PoolConnection<Sqlite>> {
        Ok(self.readers.acquire().await?)
    }
}

pub(crate) async fn commit(tx: Change) -> Result<()> {
    tx.commit().await
}

#[async_trait::async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> Result<()> {
        let mut db = self.reader().await?;
        pools::all(&mut db).await?;
        self.writing.check()
    }

    async fn probe(&self) -> Result<()> {
        if self.writing.is_certain() {
            return Ok(());
        }
        let mut tx = self.change().await?;
        // It writes the file's first page and means nothing to us.
        let probe = sqlx::query("PRAGMA user_version = 0");
        probe.execute(&mut *tx).await.map_err(Failure::from)?;
        commit(tx).await
    }

    fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    async fn snapshot(&self) -> Result<Snapshot> {
        let mut tx = self.readers.begin().await.map_err(Failure::from)?;
        Ok(Snapshot {
            operators: operators::all(&mut tx).await?,
            tokens: tokens::of_operators(&mut tx).await?,
            pools: pools::all(&mut tx).await?,
            keys: keys::all(&mut tx).await?,
            rests: facts::rests(&mut tx).await?,
            budgets: budgets::all(&mut tx).await?,
            spending: spending::all(&mut tx).await?,
            signing_keys: access::signing_keys(&mut tx).await?,
            families: access::families(&mut tx).await?,
            audit_key: checkpoints::key(&mut tx).await?,
            sessions: sessions::all(&mut tx).await?,
            devices: sessions::devices(&mut tx).await?,
        })
    }

    async fn backup(&self) -> Result<File> {
        // One at a time: each needs as much disk as the database.
        let _turn = self.copying.lock().await;
        let mut db = self.reader().await?;
        let copied = backup::copy(&mut db).await?;
        copied.map_err(|error| StoreError::Unavailable(format!("no copy beside it: {error}")))
    }

    async fn agents_from(&self, from: AgentId, limit: u32) -> Result<Vec<AgentTokens>> {
        let mut tx = self.readers.begin().await.map_err(Failure::from)?;
        Ok(agents::with_tokens(&mut tx, from, limit).await?)
    }

    async fn create_agent(
        &self,
        agent: &Agent,
        token: &TokenRecord,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        agents::create_agent(&mut tx, agent, token).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn delete_agent(
        &self,
        id: AgentId,
        at: Timestamp,
        event: &dyn Tell<[Kid]>,
    ) -> Result<Vec<Kid>> {
        let mut tx = self.change().await?;
        let revoked = agents::delete_agent(&mut tx, id, at).await?;
        spending::forget_agent(&mut tx, id).await?;
        journal::record(&mut tx, &event.tell(&revoked)?).await?;
        commit(tx).await?;
        Ok(revoked)
    }

    async fn agents(&self, standing: Standing, page: Page) -> Result<Listing<Agent>> {
        let mut db = self.reader().await?;
        Ok(agents::list_agents(&mut db, standing, &page).await?)
    }

    async fn agent(&self, id: AgentId) -> Result<Agent> {
        let mut db = self.reader().await?;
        Ok(agents::agent(&mut db, id).await?)
    }

    async fn agent_by_name(&self, name: &Slug) -> Result<Agent> {
        let mut db = self.reader().await?;
        Ok(agents::agent_by_name(&mut db, name).await?)
    }

    async fn agent_names_like(&self, name: &Slug) -> Result<Vec<Slug>> {
        let mut db = self.reader().await?;
        Ok(agents::agent_names_like(&mut db, name).await?)
    }

    async fn tokens(
        &self,
        principal: Option<Principal>,
        page: Page,
    ) -> Result<Listing<TokenRecord>> {
        let mut db = self.reader().await?;
        Ok(tokens::list(&mut db, principal, &page).await?)
    }

    async fn token(&self, kid: Kid) -> Result<Option<TokenRecord>> {
        let mut db = self.reader().await?;
        Ok(tokens::find(&mut db, kid).await?)
    }

    async fn rotate_token(
        &self,
        principal: Principal,
        successor: &TokenRecord,
        now: Timestamp,
        event: &dyn Tell<Rotation>,
    ) -> Result<Rotation> {
        let mut tx = self.change().await?;
        let rotation = tokens::rotate(&mut tx, principal, successor, now).await?;
        journal::record(&mut tx, &event.tell(&rotation)?).await?;
        commit(tx).await?;
        Ok(rotation)
    }

    async fn revoke_token(
        &self,
        kid: Kid,
        at: Timestamp,
        force: Force,
        event: &AuditEvent,
    ) -> Result<Option<TokenRecord>> {
        let mut tx = self.change().await?;
        let heir = tokens::revoke(&mut tx, kid, at, force).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await?;
        Ok(heir)
    }

    async fn mark_first_use(&self, kid: Kid, at: Timestamp) -> Result<()> {
        let mut tx = self.change().await?;
        tokens::mark_first_use(&mut tx, kid, at).await?;
        commit(tx).await
    }

    async fn add_signing_key(
        &self,
        key: &SigningKey,
        predecessor: Option<SigningKeyId>,
        overlap_end: Timestamp,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        access::add_signing_key(&mut tx, key, predecessor, overlap_end).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn begin_family(&self, family: &TokenFamily) -> Result<()> {
        let mut tx = self.change().await?;
        access::begin_family(&mut tx, family).await?;
        commit(tx).await
    }

    async fn save_family(&self, family: &TokenFamily) -> Result<()> {
        let mut tx = self.change().await?;
        access::save_family(&mut tx, family).await?;
        commit(tx).await
    }

    async fn end_families(&self, families: &[FamilyId], event: Option<&AuditEvent>) -> Result<()> {
        let mut tx = self.change().await?;
        access::end_families(&mut tx, families).await?;
        if let Some(event) = event {
            journal::record(&mut tx, event).await?;
        }
        commit(tx).await
    }

    async fn raise_generation(&self, agent: AgentId, event: &dyn Tell<u64>) -> Result<u64> {
        let mut tx = self.change().await?;
        let generation = access::raise_generation(&mut tx, agent).await?;
        journal::record(&mut tx, &event.tell(&generation)?).await?;
        commit(tx).await?;
        Ok(generation)
    }

    async fn pools(&self) -> Result<Vec<Pool>> {
        let mut db = self.reader().await?;
        Ok(pools::all(&mut db).await?)
    }

    async fn create_pool(&self, pool: &Pool, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        pools::create(&mut tx, pool).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn update_pool(
        &self,
        pool: &Pool,
        requarantine: &[KeyId],
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        pools::update(&mut tx, pool, requarantine).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn keys(&self, pool: Option<PoolId>, page: Page) -> Result<Listing<ProviderKey>> {
        let mut db = self.reader().await?;
        Ok(keys::list(&mut db, pool, &page).await?)
    }

    async fn key(&self, id: KeyId) -> Result<ProviderKey> {
        let mut db = self.reader().await?;
        Ok(keys::find(&mut db, id).await?)
    }

    async fn add_keys(&self, keys: &[ProviderKey], events: &[AuditEvent]) -> Result<()> {
        let mut tx = self.change().await?;
        for key in keys {
            keys::add(&mut tx, key).await?;
        }
        journal::record_all(&mut tx, events).await?;
        commit(tx).await
    }

    async fn update_key(&self, key: &ProviderKey, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        keys::update(&mut tx, key).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn switch_key(
        &self,
        id: KeyId,
        switch: KeySwitch,
        force: Force,
        event: &AuditEvent,
    ) -> Result<()> {
        let mut tx = self.change().await?;
        keys::switch(&mut tx, id, switch, force).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn remove_key(&self, id: KeyId, force: Force, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        keys::remove(&mut tx, id, force).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn save_pool_facts(&self, facts: &PoolFacts) -> Result<()> {
        let mut tx = self.change().await?;
        facts::save(&mut tx, facts).await?;
        journal::record_all(&mut tx, &facts.events).await?;
        commit(tx).await
    }

    async fn binding(&self, object: ObjectHash, agent: AgentId) -> Result<Option<KeyId>> {
        let mut db = self.reader().await?;
        Ok(facts::binding(&mut db, object, agent).await?)
    }

    async fn forget_bindings(&self, before: Timestamp) -> Result<u64> {
        let mut tx = self.change().await?;
        let forgotten = facts::forget_bindings(&mut tx, before).await?;
        commit(tx).await?;
        Ok(forgotten)
    }

    async fn set_budget(&self, budget: &Budget, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        budgets::set(&mut tx, budget).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn remove_budget(&self, id: BudgetId, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        budgets::remove(&mut tx, id).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn save_spending(&self, spending: &[Spending]) -> Result<()> {
        let mut tx = self.change().await?;
        spending::save(&mut tx, spending).await?;
        commit(tx).await
    }

    async fn save_ledger(&self, batch: &LedgerBatch) -> Result<()> {
        let mut tx = self.change().await?;
        ledger::save(&mut tx, batch).await?;
        commit(tx).await
    }

    async fn decision_segments(&self, wish: &SegmentWish) -> Result<Vec<NumberedSegment>> {
        let mut tx = self.readers.begin().await.map_err(Failure::from)?;
        Ok(ledger::segments(&mut tx, wish).await?)
    }

    async fn prune_decisions(&self, keep: Retention) -> Result<u64> {
        let mut tx = self.change().await?;
        let forgotten = ledger::prune(&mut tx, keep).await?;
        commit(tx).await?;
        Ok(forgotten)
    }

    async fn usage_rows(&self, first: Day, last: Day) -> Result<Vec<UsageRow>> {
        self.add_usage_up().await?;
        let mut db = self.reader().await?;
        Ok(ledger::usage(&mut db, first, last).await?)
    }

    async fn usage_sums(&self, wish: &UsageWish) -> Result<Vec<UsageSum>> {
        self.add_usage_up().await?;
        let mut db = self.reader().await?;
        Ok(usage::sums(&mut db, wish).await?)
    }

    async fn audit(&self, filter: AuditFilter, page: Page) -> Result<Listing<AuditRecord>> {
        let mut db = self.reader().await?;
        Ok(journal::list(&mut db, &filter, &page).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::ids::RequestId;
    use portunus_store::DecisionSegment;
    use portunus_store::conformance::sample::used;
    use std::sync::Arc;

    fn batch(bytes: usize) -> LedgerBatch {
        let id = RequestId::from_bytes([1; 16]);
        LedgerBatch {
            segment: Some(Arc::new(DecisionSegment {
                format: 1,
                count: 1,
                came: (Timestamp::EPOCH, Timestamp::EPOCH),
                ids: (id, id),
                bytes: vec![0; bytes],
            })),
            usage: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_full_disk_refuses_changes_and_recovery_is_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("db")).await.unwrap();
        // SQLite's own bound on the file gives the very error of a full disk, for this connection.
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
            .fetch_one(&store.writer)
            .await
            .unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "PRAGMA max_page_count = {pages}"
        )))
        .execute(&store.writer)
        .await
        .unwrap();
        let full = store.save_ledger(&batch(1 << 20)).await;
        assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
        // There is room again as soon as another connection looks.
        sqlx::query("PRAGMA max_page_count = 1000000")
            .execute(&store.writer)
            .await
            .unwrap();
        store.save_ledger(&batch(1 << 20)).await.unwrap();
    }

    async fn pragma(store: &SqliteStore, pragma: &'static str) {
        let done = sqlx::query(pragma).execute(&store.writer).await;
        done.unwrap();
    }

    #[tokio::test]
    async fn sums_are_not_told_while_usage_cannot_be_added_to_them() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("db")).await.unwrap();
        let saved = LedgerBatch {
            segment: None,
            usage: vec![used(1, 7, Some(1), "opus")],
        };
        store.save_ledger(&saved).await.unwrap();
        let wish = UsageWish {
            days: (Day::from_number(0), Day::from_number(u32::MAX)),
            by: Vec::new(),
            agent: None,
            model: None,
            pool: None,
            skip: 0,
            limit: 1,
        };
        pragma(&store, "PRAGMA query_only = 1").await;
        let sums = store.usage_sums(&wish).await;
        assert!(matches!(sums, Err(StoreError::Unavailable(_))), "{sums:?}");
        pragma(&store, "PRAGMA query_only = 0").await;
        store.probe().await.unwrap();
        let sums = store.usage_sums(&wish).await.unwrap();
        assert_eq!(sums[0].requests, saved.usage[0].requests);
    }

    #[tokio::test]
    async fn a_file_that_takes_no_changes_is_not_available_until_it_takes_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("db")).await.unwrap();
        let refused = |done: Result<()>| matches!(done, Err(StoreError::Unavailable(_)));
        pragma(&store, "PRAGMA query_only = 1").await;
        store.ping().await.unwrap();
        assert!(refused(store.save_ledger(&batch(1)).await));
        assert!(refused(store.ping().await));
        // Nobody else changes anything.
        assert!(refused(store.probe().await));
        assert!(refused(store.ping().await));
        pragma(&store, "PRAGMA query_only = 0").await;
        assert!(refused(store.ping().await));
        store.probe().await.unwrap();
        store.ping().await.unwrap();
    }

    #[tokio::test]
    async fn a_change_that_is_given_up_is_no_fault_of_the_file_until_it_refuses_another() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("db")).await.unwrap();
        let writes = store.writes();
        store.probe().await.unwrap();
        assert_eq!(store.writes(), writes, "nothing is tried without need");
        drop(store.change().await.unwrap());
        store.ping().await.unwrap();
        store.probe().await.unwrap();
        assert_eq!(store.writes(), writes + 2);
        drop(store.change().await.unwrap());
        pragma(&store, "PRAGMA query_only = 1").await;
        store.ping().await.unwrap();
        assert!(store.probe().await.is_err());
        assert!(store.ping().await.is_err());
    }
}
