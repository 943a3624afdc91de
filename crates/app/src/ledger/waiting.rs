//! What the store does not have yet, for those who read decisions.

use super::{Ledger, format};
use crate::decisions::scan::beside_others;
use crate::decisions::{DecisionFilter, NumberedDecision};
use crate::failure::Failure;
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
            Ok(Ok(saved)) => saved,
            Ok(Err(_)) | Err(_) => Err(StoreError::Unavailable(late.to_owned())),
        }
    }
}

impl Ledger {
    /// Decisions that wait for the store, newest first, at most so many.
    pub(crate) async fn waiting(
        &self,
        filter: &Arc<DecisionFilter>,
        most: usize,
    ) -> Result<Vec<NumberedDecision>, Failure> {
        let (segments, filter) = (self.waiting_segments(), Arc::clone(filter));
        let bytes = bytes(&segments);
        beside_others(bytes, move || {
            newest(newest_first(&segments), &filter, most)
        })
        .await
    }

    /// The decision of one request, if it waits for the store.
    pub(crate) async fn waiting_one(
        &self,
        id: RequestId,
    ) -> Result<Option<NumberedDecision>, Failure> {
        let segments = self.waiting_segments();
        beside_others(bytes(&segments), move || {
            let mut own = newest_first(&segments).filter(|record| format::is_of(record, id));
            own.find_map(format::read).map(unnumbered)
        })
        .await
    }

    fn waiting_segments(&self) -> Vec<Arc<DecisionSegment>> {
        let pending = self.pending.lock();
        pending.segments.iter().map(Arc::clone).collect()
    }

    /// Counts decisions that cannot be read, each segment once.
    pub(crate) fn met_unreadable(&self, segments: &[(u64, u64)]) {
        for (first, decisions) in segments {
            self.counters.unreadable(*first, *decisions);
        }
    }
}

fn bytes(segments: &[Arc<DecisionSegment>]) -> u64 {
    let sizes = segments.iter().map(|segment| segment.bytes.len());
    u64::try_from(sizes.sum::<usize>()).unwrap_or(u64::MAX)
}

fn newest_first(segments: &[Arc<DecisionSegment>]) -> impl Iterator<Item = &[u8]> {
    segments.iter().rev().flat_map(|segment| {
        let records: Vec<&[u8]> = format::records(&segment.bytes).collect();
        records.into_iter().rev()
    })
}

/// The first of `records` that the filter admits; none beyond them is looked at.
fn newest<'a>(
    records: impl Iterator<Item = &'a [u8]>,
    filter: &DecisionFilter,
    most: usize,
) -> Vec<NumberedDecision> {
    let read = records.filter_map(format::read);
    let found = read.filter(|decision| filter.admits(decision)).take(most);
    found.map(unnumbered).collect()
}

const fn unnumbered(decision: Decision) -> NumberedDecision {
    NumberedDecision {
        seq: None,
        decision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::time::Timestamp;
    use portunus_testkit::decision::{request_id, served};

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn holding(decisions: u64) -> Ledger {
        let ledger = Ledger::new();
        for number in 0..decisions {
            ledger.record(&served(number, NOW));
            // Each tenth begins another segment.
            if number % 10 == 9 {
                ledger.gather();
            }
        }
        ledger.gather();
        ledger
    }

    fn ids(found: &[NumberedDecision]) -> Vec<RequestId> {
        found.iter().map(|one| one.decision.id).collect()
    }

    #[tokio::test]
    async fn what_waits_is_read_from_its_newest_and_no_further_than_is_asked_for() {
        let ledger = holding(35);
        let filter = Arc::new(DecisionFilter::default());
        let found = ledger.waiting(&filter, 12).await.unwrap();
        assert_eq!(
            ids(&found),
            (23..35).rev().map(request_id).collect::<Vec<_>>()
        );
        let segments = ledger.waiting_segments();
        assert!(segments.len() > 1);
        let mut looked = 0;
        let counted = newest_first(&segments).inspect(|_| looked += 1);
        assert_eq!(newest(counted, &filter, 12).len(), 12);
        assert_eq!(looked, 12);
        let one = ledger.waiting_one(request_id(3)).await.unwrap();
        assert_eq!(one.unwrap().decision.id, request_id(3));
        assert_eq!(ledger.waiting_one(request_id(99)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn much_that_waits_is_read_beside_others() {
        let ledger = holding(2_000);
        assert!(bytes(&ledger.waiting_segments()) > 64 << 10);
        let here = std::thread::current().id();
        let there = beside_others(bytes(&ledger.waiting_segments()), || {
            std::thread::current().id()
        });
        assert_ne!(there.await.unwrap(), here);
        let few = beside_others(1_000, || std::thread::current().id());
        assert_eq!(few.await.unwrap(), here);
    }
}
