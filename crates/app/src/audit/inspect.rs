//! Goes through the whole log once behind every start, and raises an alarm when something does not fit.

use super::signer::{Signer, read_checkpoint};
use crate::alarms::Alarms;
use portunus_core::alarm::AlarmKind;
use portunus_core::audit::scrutiny::{Fault, Scrutiny, Witness};
use portunus_core::audit::{LoggedRecord, Tree};
use portunus_core::time::Clock;
use portunus_store::{MAX_LIMIT, Store, StoreError};
use std::sync::Arc;

/// The log as the subject of an alarm.
pub(super) const LOG: &str = "audit";

/// What is looked at, and who hears of it.
pub(crate) struct Inspection {
    pub(crate) signer: Arc<Signer>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) alarms: Arc<Alarms>,
}

/// Why a log was not found whole.
#[derive(Debug, thiserror::Error)]
enum Unsound {
    /// It does not fit.
    #[error("{0}")]
    Broken(String),
    /// It could not be looked at.
    #[error(transparent)]
    Unknown(StoreError),
}

impl From<StoreError> for Unsound {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::BrokenLog(what) => Self::Broken(what.to_owned()),
            other => Self::Unknown(other),
        }
    }
}

impl From<Fault> for Unsound {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault.to_string())
    }
}

impl Inspection {
    /// Looks once.
    pub(crate) async fn look(self) {
        match self.go_through().await {
            Ok(records) => tracing::debug!(records, "the audit log holds"),
            Err(Unsound::Broken(what)) => {
                let says = format!("the audit log does not hold: {what}");
                let kind = AlarmKind::LogInconsistent;
                self.alarms.raise(kind, LOG, says, self.clock.now());
            }
            Err(Unsound::Unknown(error)) => {
                tracing::warn!(%error, "the audit log could not be looked at");
            }
        }
    }

    async fn go_through(&self) -> Result<u64, Unsound> {
        // Whatever is signed already is in the tree that is read then; what is written later is left out.
        let mut witnesses = self.checkpoints().await?;
        let tree = self.store.audit_tree().await?;
        witnesses.push(Witness::from(&tree));
        let mut scrutiny = Scrutiny::new(Tree::default(), witnesses);
        while scrutiny.size() < tree.size() {
            let page = self.page(scrutiny.size() + 1, tree.size()).await?;
            if page.is_empty() {
                break;
            }
            for logged in &page {
                scrutiny.look(logged)?;
            }
        }
        Ok(scrutiny.finish()?.size())
    }

    async fn page(&self, from: u64, size: u64) -> Result<Vec<LoggedRecord>, StoreError> {
        let mut page = self.store.logged_from(from, MAX_LIMIT).await?;
        page.retain(|logged| logged.record.seq <= size);
        Ok(page)
    }

    /// The roots that were signed.
    async fn checkpoints(&self) -> Result<Vec<Witness>, Unsound> {
        let key = &self.signer.key().verifier;
        let (mut witnesses, mut from) = (Vec::new(), 0);
        loop {
            let page = self.store.checkpoints_from(from, MAX_LIMIT).await?;
            let Some(last) = page.last() else {
                return Ok(witnesses);
            };
            from = last.size + 1;
            for signed in &page {
                let read = read_checkpoint(&signed.note, key).map_err(|error| {
                    let size = signed.size;
                    Unsound::Broken(format!(
                        "the checkpoint of {size} records was altered: {error}"
                    ))
                })?;
                witnesses.push(Witness::from(&read));
            }
        }
    }
}
