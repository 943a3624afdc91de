//! The model's audit log, with what proves it.

use super::MemoryStore;
use crate::{AuditStore, Result, StoreError};
use portunus_core::audit::{AuditEvent, AuditKey, LoggedRecord, SignedCheckpoint, Tree};

#[derive(Debug, Default)]
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
