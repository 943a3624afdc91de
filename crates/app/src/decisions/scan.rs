//! Looks through segments for decisions that a filter admits.

use super::position::Position;
use super::{DecisionFilter, NumberedDecision};
use crate::failure::Failure;
use crate::ledger::format;
use portunus_core::ids::RequestId;
use portunus_store::NumberedSegment;

/// What a scan found.
#[derive(Debug)]
pub(super) struct Found {
    /// In the direction of the scan.
    pub(super) items: Vec<NumberedDecision>,
    /// How far the scan came.
    pub(super) reached: Position,
    /// Segments that cannot be read, by their first number, with how many of their decisions.
    pub(super) unreadable: Vec<(u64, u64)>,
}

/// Above so many bytes a scan leaves the runtime's thread to others.
const SCANNED_INLINE: u64 = 64 << 10;

/// Looks through so many bytes, elsewhere when they are many.
pub(crate) async fn beside_others<T: Send + 'static>(
    bytes: u64,
    look: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    if bytes <= SCANNED_INLINE {
        return Ok(look());
    }
    let work = tokio::task::spawn_blocking(look);
    work.await
        .map_err(|cause| Failure::Defect(format!("a scan did not end: {cause}")))
}

/// Looks through `segments`, which lie in the direction of `from`, until `most` are found.
pub(super) fn scan(
    segments: &[NumberedSegment],
    from: Position,
    filter: &DecisionFilter,
    most: usize,
) -> Found {
    let mut found = Found {
        items: Vec::new(),
        reached: from,
        unreadable: Vec::new(),
    };
    for segment in segments {
        if found.items.len() >= most {
            break;
        }
        look_through(segment, filter, most, &mut found);
    }
    found
}

fn look_through(
    segment: &NumberedSegment,
    filter: &DecisionFilter,
    most: usize,
    found: &mut Found,
) {
    let last = segment.end().saturating_sub(1);
    let through = match found.reached {
        Position::Before(_) => segment.first,
        Position::After(_) => last,
    };
    let count = u64::from(segment.segment.count);
    if !format::is_read(segment.segment.format) {
        found.unreadable.push((segment.first, count));
        found.reached = found.reached.moved_to(through);
        return;
    }
    let records: Vec<(u64, &[u8])> = (segment.first..)
        .zip(format::records(&segment.segment.bytes))
        .collect();
    let mut damaged = count.saturating_sub(u64::try_from(records.len()).unwrap_or(count));
    let mut records = records.into_iter();
    while let Some((seq, record)) = match found.reached {
        Position::Before(_) => records.next_back(),
        Position::After(_) => records.next(),
    } {
        if !found.reached.is_ahead(seq) {
            continue;
        }
        found.reached = found.reached.moved_to(seq);
        match format::read(record) {
            Some(decision) if filter.admits(&decision) => found.items.push(NumberedDecision {
                seq: Some(seq),
                decision,
            }),
            Some(_) => {}
            None => damaged += 1,
        }
        if found.items.len() >= most {
            break;
        }
    }
    if damaged > 0 {
        found.unreadable.push((segment.first, damaged));
    }
    if found.items.len() < most {
        found.reached = found.reached.moved_to(through);
    }
}

/// The decision of one request.
pub(super) fn find(segments: &[NumberedSegment], id: RequestId) -> Option<NumberedDecision> {
    let readable = segments
        .iter()
        .filter(|s| format::is_read(s.segment.format));
    readable
        .flat_map(|segment| (segment.first..).zip(format::records(&segment.segment.bytes)))
        .filter(|(_, record)| format::is_of(record, id))
        .find_map(|(seq, record)| {
            Some(NumberedDecision {
                seq: Some(seq),
                decision: format::read(record)?,
            })
        })
}
