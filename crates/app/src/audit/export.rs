//! Gives the log away with all that proves it: the key's public half, checkpoints, and records with their hashes.

use super::keeper;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::audit::note::VerifierKey;
use portunus_core::audit::{LoggedRecord, SignedCheckpoint, Tree};
use portunus_core::time::Timestamp;
use portunus_store::{MAX_LIMIT, Store};
use std::fmt;
use std::sync::Arc;

/// A log on its way out. It ends with a checkpoint that covers all of it.
pub struct Export {
    /// What the checkpoints are verified with.
    pub key: VerifierKey,
    /// The tree over the records that are left out before the first.
    pub begins: Tree,
    /// How many records the log has, with those that are left out.
    pub size: u64,
    store: Arc<dyn Store>,
    next_checkpoint: u64,
    next_record: u64,
}

/// Begins an export of what happened at `since` and later, or of everything.
///
/// # Errors
/// [`Failure`].
pub async fn export(plane: &Plane, since: Option<Timestamp>) -> Result<Export, Failure> {
    let store = Arc::clone(&plane.store);
    let newest = keeper::sign(plane.signer(), &*store, plane.now()).await?;
    let size = newest.map_or(0, |newest| newest.size);
    let first = match since {
        None => 1,
        Some(since) => {
            let first = store.first_logged_since(since).await?;
            first.map_or(size + 1, |first| first.min(size + 1))
        }
    };
    let begins = store.audit_tree_of(first - 1).await?;
    Ok(Export {
        key: keeper::verifier(plane).clone(),
        size,
        next_checkpoint: begins.size().max(1),
        next_record: first,
        begins,
        store,
    })
}

impl Export {
    /// The next checkpoints; empty when there are no more.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn checkpoints(&mut self) -> Result<Vec<SignedCheckpoint>, Failure> {
        let mut page = self
            .store
            .checkpoints_from(self.next_checkpoint, MAX_LIMIT)
            .await?;
        page.retain(|checkpoint| checkpoint.size <= self.size);
        if let Some(last) = page.last() {
            self.next_checkpoint = last.size + 1;
        }
        Ok(page)
    }

    /// The next records; empty when there are no more.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn records(&mut self) -> Result<Vec<LoggedRecord>, Failure> {
        let mut page = self.store.logged_from(self.next_record, MAX_LIMIT).await?;
        page.retain(|logged| logged.record.seq <= self.size);
        if let Some(last) = page.last() {
            self.next_record = last.record.seq + 1;
        }
        Ok(page)
    }
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Export(of {} records)", self.size)
    }
}
