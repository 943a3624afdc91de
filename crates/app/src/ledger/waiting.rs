//! What the store does not have yet, for those who read decisions.

use super::{Ledger, format};
use crate::decisions::{DecisionFilter, NumberedDecision};
use crate::plane::Plane;
use portunus_core::decision::Decision;
use portunus_core::ids::RequestId;
use portunus_store::{DecisionSegment, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How long a reader waits for the store to take what is pending.
const SETTLED_WITHIN: Duration = Duration::from_secs(1);

impl Plane {
    /// Gives what requests left behind to the store, if it takes it soon; what it does not take can be read from memory,
    /// but for the sums of usage.
    pub(crate) async fn settle_ledger(&self) -> Result<(), StoreError> {
        if !self.ledger().holds_something() {
            return Ok(());
        }
        let (ledger, store) = (Arc::clone(self.ledger()), Arc::clone(&self.store));
        // A save must run to its end, so it does not end with the reader.
        let saved = self
            .background
            .spawn(async move { ledger.save(&*store).await });
        let late = "it has not taken for a second what requests left behind";
        match tokio::time::timeout(SETTLED_WITHIN, saved).await {
            Ok(Ok(saved)) => saved.map(|_| ()),
            Ok(Err(_)) | Err(_) => Err(StoreError::Unavailable(late.to_owned())),
        }
    }
}

impl Ledger {
    /// Decisions that wait for the store, newest first, at most so many.
    pub(crate) fn waiting(&self, filter: &DecisionFilter, most: usize) -> Vec<NumberedDecision> {
        let found = self.waiting_decisions(|_| true).into_iter().rev();
        let found = found.filter(|decision| filter.admits(decision)).take(most);
        found.map(unnumbered).collect()
    }

    /// The decision of one request, if it waits for the store.
    pub(crate) fn waiting_one(&self, id: RequestId) -> Option<NumberedDecision> {
        let found = self.waiting_decisions(|record| format::is_of(record, id));
        found.into_iter().next().map(unnumbered)
    }

    fn waiting_decisions(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<Decision> {
        let segments: Vec<Arc<DecisionSegment>> = {
            let pending = self.pending.lock();
            pending.segments.iter().map(Arc::clone).collect()
        };
        let records = segments.iter().flat_map(|s| format::records(&s.bytes));
        records
            .filter(|record| wanted(record))
            .filter_map(format::read)
            .collect()
    }

    /// Counts decisions that cannot be read, each segment once.
    pub(crate) fn met_unreadable(&self, segments: &[(u64, u64)]) {
        for (first, decisions) in segments {
            self.counters.unreadable(*first, *decisions);
        }
    }
}

const fn unnumbered(decision: Decision) -> NumberedDecision {
    NumberedDecision {
        seq: None,
        decision,
    }
}
