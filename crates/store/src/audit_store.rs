//! The part of the trait that is about the audit log itself: what proves that it is whole.

use crate::Result;
use portunus_core::audit::{AuditEvent, AuditKey, LoggedRecord, SignedCheckpoint, Tree};
use portunus_core::time::Timestamp;

/// What the plane remembers of its audit log beyond the records. The rules of [`crate::Store`] hold here too.
#[async_trait::async_trait]
pub trait AuditStore: Send + Sync + 'static {
    /// Records of the audit log from `seq` on, oldest first, at most `limit`, with the hashes that were stored with them.
    async fn logged_from(&self, seq: u64, limit: u32) -> Result<Vec<LoggedRecord>>;

    /// The tree over the audit log, as it is kept with it. `BrokenLog`.
    async fn audit_tree(&self) -> Result<Tree>;

    /// The tree over the first `size` records only, made of their hashes. `NotFound` (there are fewer).
    async fn audit_tree_of(&self, size: u64) -> Result<Tree>;

    /// The number of the first record of `since` or later.
    async fn first_logged_since(&self, since: Timestamp) -> Result<Option<u64>>;

    /// Keeps the key that signs the audit log. `Inconsistent` (there is one).
    async fn add_audit_key(&self, key: &AuditKey, event: &AuditEvent) -> Result<()>;

    /// Keeps a checkpoint, unless one of as many records is kept already.
    async fn add_checkpoint(&self, signed: &SignedCheckpoint) -> Result<()>;

    /// The checkpoint of the most records.
    async fn newest_checkpoint(&self) -> Result<Option<SignedCheckpoint>>;

    /// Checkpoints of `size` records or more, the smallest first, at most `limit`.
    async fn checkpoints_from(&self, size: u64, limit: u32) -> Result<Vec<SignedCheckpoint>>;
}
