//! The `AuditStore` trait on SQLite.

use crate::store::commit;
use crate::{SqliteStore, audit_tree, checkpoints, journal};
use portunus_core::audit::{AuditEvent, AuditKey, LoggedRecord, SignedCheckpoint, Tree};
use portunus_core::time::Timestamp;
use portunus_store::{AuditStore, Result};

#[async_trait::async_trait]
impl AuditStore for SqliteStore {
    async fn logged_from(&self, seq: u64, limit: u32) -> Result<Vec<LoggedRecord>> {
        let mut db = self.reader().await?;
        Ok(journal::logged_from(&mut db, seq, limit).await?)
    }

    async fn audit_tree(&self) -> Result<Tree> {
        let mut db = self.reader().await?;
        Ok(audit_tree::find(&mut db).await?)
    }

    async fn audit_tree_of(&self, size: u64) -> Result<Tree> {
        let mut db = self.reader().await?;
        Ok(audit_tree::of_first(&mut db, size).await?)
    }

    async fn first_logged_since(&self, since: Timestamp) -> Result<Option<u64>> {
        let mut db = self.reader().await?;
        Ok(journal::first_since(&mut db, since).await?)
    }

    async fn add_audit_key(&self, key: &AuditKey, event: &AuditEvent) -> Result<()> {
        let mut tx = self.change().await?;
        checkpoints::add_key(&mut tx, key).await?;
        journal::record(&mut tx, event).await?;
        commit(tx).await
    }

    async fn add_checkpoint(&self, signed: &SignedCheckpoint) -> Result<()> {
        let mut tx = self.change().await?;
        checkpoints::add(&mut tx, signed).await?;
        commit(tx).await
    }

    async fn newest_checkpoint(&self) -> Result<Option<SignedCheckpoint>> {
        let mut db = self.reader().await?;
        Ok(checkpoints::newest(&mut db).await?)
    }

    async fn checkpoints_from(&self, size: u64, limit: u32) -> Result<Vec<SignedCheckpoint>> {
        let mut db = self.reader().await?;
        Ok(checkpoints::from(&mut db, size, limit).await?)
    }
}
