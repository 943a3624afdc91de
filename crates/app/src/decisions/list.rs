//! Lists decisions: newest first for people, oldest first from a place for those who follow.

use super::position::Position;
use super::scan::{Found, beside_others, scan};
use super::{DecisionFilter, NumberedDecision};
use crate::failure::Failure;
use crate::listing::{ListError, Listing, Page};
use crate::nobody::Named;
use crate::plane::Plane;
use portunus_store::{NumberedSegment, SegmentWish};
use std::collections::HashSet;
use std::sync::Arc;

/// How many bytes are read at once.
const READ_AT_ONCE: u64 = 4 << 20;

/// After how many bytes a page ends, full or not: nobody waits long for what is rare.
const MOST_SCANNED: u64 = 96 << 20;

/// From where a list is read, when no cursor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Newest first.
    Newest,
    /// Oldest first, those after this number; zero begins at the oldest.
    After(u64),
}

/// Which decisions are asked for.
#[derive(Clone, Debug)]
pub struct DecisionWish {
    /// What they must have.
    pub filter: DecisionFilter,
    /// Where the list begins; a cursor knows that itself.
    pub from: From,
}

/// One page. It may be short, or even empty, and still have a next one, because a page ends after a certain time.
/// Oldest first there is always a next one: later decisions will be there.
///
/// # Errors
///
/// `BadCursor`, the filter names somebody who is neither there nor on record, or the database does not answer.
pub async fn list(
    plane: &Plane,
    wish: DecisionWish,
    page: Page,
) -> Result<Listing<NumberedDecision>, ListError> {
    let mut position = match (&page.after, wish.from) {
        (Some(cursor), _) => Position::of_cursor(cursor)?,
        (None, From::Newest) => Position::NEWEST,
        (None, From::After(number)) => Position::After(number),
    };
    // What is not saved is read from memory, and told by the task that keeps saving.
    let _ = plane.settle_ledger().await;
    let filter = Arc::new(wish.filter);
    let mut items = match position {
        Position::NEWEST => plane.ledger().waiting(&filter, page.size()).await?,
        _ => Vec::new(),
    };
    let waiting: HashSet<_> = items.iter().map(|item| item.decision.id).collect();
    let mut scanned = 0;
    let ended = loop {
        if items.len() > page.size() || scanned >= MOST_SCANNED {
            break false;
        }
        let segments = plane
            .store
            .decision_segments(&ahead(position, &filter))
            .await?;
        if segments.is_empty() {
            break true;
        }
        scanned += bytes(&segments);
        let most = page.size() + 1 - items.len();
        let found = look(segments, position, Arc::clone(&filter), most).await?;
        plane.ledger().met_unreadable(&found.unreadable);
        position = found.reached;
        let new = found.items.into_iter();
        items.extend(new.filter(|item| !waiting.contains(&item.decision.id)));
    };
    if items.is_empty() && page.after.is_none() {
        let named = Named {
            agent: filter.agent.as_deref(),
            key: filter.key.as_deref(),
            pool: filter.pool.as_deref(),
        };
        named.must_be_known(plane).await?;
    }
    Ok(cut(items, page.size(), position, ended))
}

/// The next segments to look through.
fn ahead(position: Position, filter: &DecisionFilter) -> SegmentWish {
    SegmentWish {
        order: position.order(),
        id: None,
        since: filter.since,
        until: filter.until,
        most_bytes: READ_AT_ONCE,
    }
}

fn bytes(segments: &[NumberedSegment]) -> u64 {
    let sizes = segments.iter().map(|segment| segment.segment.bytes.len());
    u64::try_from(sizes.sum::<usize>()).unwrap_or(u64::MAX)
}

async fn look(
    segments: Vec<NumberedSegment>,
    from: Position,
    filter: Arc<DecisionFilter>,
    most: usize,
) -> Result<Found, Failure> {
    beside_others(bytes(&segments), move || {
        scan(&segments, from, &filter, most)
    })
    .await
}

/// A page of what was found, and where the next one begins.
fn cut(
    mut items: Vec<NumberedDecision>,
    size: usize,
    reached: Position,
    ended: bool,
) -> Listing<NumberedDecision> {
    let goes_on = items.len() > size;
    items.truncate(size);
    let last_shown = items.last().and_then(|item| item.seq);
    let next = match (goes_on, reached) {
        // What waits for the database has no place to go on from, so the next page begins with what it has.
        (true, _) => Some(reached.moved_to(last_shown.unwrap_or(u64::MAX - 1))),
        (false, Position::Before(_)) if ended => None,
        (false, _) => Some(reached),
    };
    Listing {
        items,
        next: next.map(Position::cursor),
    }
}
