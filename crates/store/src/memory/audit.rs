//! The model's audit log, with what proves it.

use super::MemoryStore;
use crate::{AuditStore, Result, StoreError};
use portunus_core::audit::{AuditEvent, AuditKey, LoggedRecord, SignedCheckpoint, Tree};
use portunus_core::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) records: Vec<LoggedRecord>,
    pub(super) key: Option<AuditKey>,
    tree: Tree,
    checkpoints: Vec<SignedCheckpoint>,
}

impl Log {
    pub(super) fn append(&mut self, event: &AuditEvent) {
        let logged = event.numbered(self.tree.size() + 1).logged();
        self.tree.append(logged.leaf);
        self.records.push(logged);
    }
}

#[async_trait::async_trait]
impl AuditStore for MemoryStore {
    async fn logged_from(&self, seq: u64, limit: u32) -> Result<Vec<LoggedRecord>> {
        let state = self.open()?;
        let records = state.log.records.iter();
        let records = records.filter(|one| one.record.seq >= seq);
        Ok(records.take(size(limit)).cloned().collect())
    }

    async fn audit_tree(&self) -> Result<Tree> {
        Ok(self.open()?.log.tree.clone())
    }

    async fn audit_tree_of(&self, size: u64) -> Result<Tree> {
        let state = self.open()?;
        let mut tree = Tree::default();
        for logged in &state.log.records {
            if tree.size() == size {
                break;
            }
            tree.append(logged.leaf);
        }
        (tree.size() == size)
            .then_some(tree)
            .ok_or(StoreError::NotFound)
    }

    async fn first_logged_since(&self, since: Timestamp) -> Result<Option<u64>> {
        let state = self.open()?;
        let mut records = state.log.records.iter().map(|logged| &logged.record);
        Ok(records
            .find(|record| record.at >= since)
            .map(|record| record.seq))
    }

    async fn add_audit_key(&self, key: &AuditKey, event: &AuditEvent) -> Result<()> {
        let mut state = self.open()?;
        if state.log.key.is_some() {
            return Err(StoreError::Inconsistent("another key signs the audit log"));
        }
        state.log.key = Some(key.clone());
        state.record(event);
        Ok(())
    }

    async fn add_checkpoint(&self, signed: &SignedCheckpoint) -> Result<()> {
        let log = &mut self.open()?.log;
        let newest = log.checkpoints.last().map_or(0, |newest| newest.size);
        if signed.size > newest {
            log.checkpoints.push(signed.clone());
        }
        Ok(())
    }

    async fn newest_checkpoint(&self) -> Result<Option<SignedCheckpoint>> {
        Ok(self.open()?.log.checkpoints.last().cloned())
    }

    async fn checkpoints_from(&self, size: u64, limit: u32) -> Result<Vec<SignedCheckpoint>> {
        let state = self.open()?;
        let checkpoints = state.log.checkpoints.iter();
        let checkpoints = checkpoints.filter(|one| one.size >= size);
        Ok(checkpoints.take(self::size(limit)).cloned().collect())
    }
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
