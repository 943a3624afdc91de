//! Shows the decision of one request.

use super::NumberedDecision;
use super::scan::find;
use crate::failure::Failure;
use crate::plane::Plane;
use portunus_core::ids::RequestId;
use portunus_store::{SegmentOrder, SegmentWish, StoreError};
use std::time::Duration;

/// How many bytes are read at once.
const READ_AT_ONCE: u64 = 4 << 20;

/// How long to look again for a request of this run: its client may know the answer a moment before we do.
const PATIENCE: [Duration; 4] = [
    Duration::from_millis(10),
    Duration::from_millis(40),
    Duration::from_millis(100),
    Duration::from_millis(250),
];

/// Why a decision cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// No decision of this request is kept.
    #[error("no decision of this request is kept")]
    NotFound,
    /// It could not be read at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The decision of one request.
pub async fn show(plane: &Plane, id: RequestId) -> Result<NumberedDecision, ShowError> {
    let mut patience = PATIENCE.iter();
    loop {
        if let Some(found) = look(plane, id).await? {
            return Ok(found);
        }
        match patience.next() {
            Some(pause) if plane.has_issued(id) => tokio::time::sleep(*pause).await,
            _ => return Err(ShowError::NotFound),
        }
    }
}

async fn look(plane: &Plane, id: RequestId) -> Result<Option<NumberedDecision>, Failure> {
    // What is not saved is read from memory, and told by the task that keeps saving.
    let _ = plane.settle_ledger().await;
    if let Some(waiting) = plane.ledger().waiting_one(id).await? {
        return Ok(Some(waiting));
    }
    let mut below = u64::MAX;
    loop {
        let wish = SegmentWish {
            order: SegmentOrder::NewestBelow(below),
            id: Some(id),
            since: None,
            until: None,
            most_bytes: READ_AT_ONCE,
        };
        let segments = plane.store.decision_segments(&wish).await;
        let segments = segments.map_err(|error: StoreError| Failure::from(error))?;
        let Some(last) = segments.last().map(|segment| segment.first) else {
            return Ok(None);
        };
        below = last;
        let found = tokio::task::spawn_blocking(move || find(&segments, id)).await;
        let found =
            found.map_err(|cause| Failure::Defect(format!("a search did not end: {cause}")))?;
        if found.is_some() {
            return Ok(found);
        }
    }
}
