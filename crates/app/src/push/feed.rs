//! What happens to all agents and boards, as one row of changes that every connection reads from its own place.
//!
//! Whoever tells waits for nobody, and what is kept does not grow with the number of readers: one that is too far behind
//! finds its place gone, and gets the state anew. A cursor is such a place, so that a connection that broke goes on.

use super::told::Marked;
use parking_lot::Mutex;
use portunus_core::ids::{AgentId, BoardId, OperatorId};
use portunus_core::message::{Board, Message};
use portunus_core::notification::Notification;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;

/// How many changes are kept.
const KEPT: usize = 16_384;

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// An agent stands otherwise, or is new.
    Agent(AgentId),
    /// An agent is gone.
    AgentGone(AgentId),
    /// A board is new, or says something else of itself.
    Board(Arc<Board>),
    /// A board is gone.
    BoardGone(BoardId),
    /// A message was written on a board.
    BoardMessage(Arc<Message>),
    /// An agent notified.
    Notification(Arc<Notification>),
    /// An operator has read notifications.
    NotificationsRead(OperatorId, Marked),
    /// Something became of notifications that was not heard.
    NotificationsMissed,
}

#[derive(Debug, Default)]
struct Row {
    changes: VecDeque<Change>,
    /// Boards of which the row says that they are gone.
    gone: HashSet<BoardId>,
}

impl Row {
    fn push(&mut self, change: Change) {
        if let Change::BoardGone(board) = change {
            self.gone.insert(board);
        }
        self.changes.push_back(change);
    }

    /// Forgets what is too old.
    fn forget(&mut self) {
        let surplus = self.changes.len().saturating_sub(KEPT);
        for change in self.changes.drain(..surplus) {
            if let Change::BoardGone(board) = change {
                self.gone.remove(&board);
            }
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Feed {
    /// Tells this run from every other.
    pub(super) run: [u8; 8],
    row: Mutex<Row>,
    /// How many changes there were.
    head: watch::Sender<u64>,
}

/// The place is not kept, or was never there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

impl Feed {
    pub(super) fn new(run: [u8; 8]) -> Self {
        Self {
            run,
            row: Mutex::default(),
            head: watch::Sender::new(0),
        }
    }

    pub(super) fn tell(&self, changes: impl IntoIterator<Item = Change>) {
        let mut row = self.row.lock();
        let before = row.changes.len();
        changes.into_iter().for_each(|change| row.push(change));
        let told = u64::try_from(row.changes.len() - before).unwrap_or(0);
        if told == 0 {
            return;
        }
        row.forget();
        // Under the lock, so that row and head always fit.
        self.head.send_modify(|head| *head += told);
    }

    /// The place behind everything that happened.
    pub(super) fn head(&self) -> u64 {
        *self.head.borrow()
    }

    /// Wakes whoever waits for changes.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// Whether a board is gone of which the row has something: nobody is told of that any more.
    pub(super) fn is_gone(&self, board: BoardId) -> bool {
        self.row.lock().gone.contains(&board)
    }

    /// At most `most` changes behind a place.
    pub(super) fn behind(&self, place: u64, most: usize) -> Result<Vec<Change>, Gone> {
        let row = self.row.lock();
        let behind = self.head().checked_sub(place).ok_or(Gone)?;
        let behind = usize::try_from(behind).map_err(|_| Gone)?;
        let from = row.changes.len().checked_sub(behind).ok_or(Gone)?;
        Ok(row.changes.iter().skip(from).take(most).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(numbers: std::ops::Range<u16>) -> impl Iterator<Item = Change> {
        numbers.map(|number| {
            let [high, low] = number.to_be_bytes();
            let mut id = [0; 16];
            (id[0], id[1]) = (high, low);
            Change::Agent(AgentId::from_bytes(id))
        })
    }

    fn count(found: Result<Vec<Change>, Gone>) -> Option<usize> {
        found.ok().map(|changes| changes.len())
    }

    #[test]
    fn each_reader_goes_on_from_its_own_place() {
        let feed = Feed::new([1; 8]);
        feed.tell(changes(0..10));
        assert_eq!(feed.head(), 10);
        assert_eq!(count(feed.behind(0, 4)), Some(4));
        assert_eq!(count(feed.behind(4, 100)), Some(6));
        assert_eq!(count(feed.behind(10, 100)), Some(0));
        assert_eq!(count(feed.behind(11, 100)), None, "from the future");
    }

    #[test]
    fn who_is_too_far_behind_finds_the_place_gone() {
        let feed = Feed::new([1; 8]);
        for _ in 0..2 {
            feed.tell(changes(0..10_000));
        }
        assert_eq!(feed.row.lock().changes.len(), KEPT);
        assert_eq!(count(feed.behind(3_000, 5)), None);
        assert_eq!(count(feed.behind(20_000 - 16_384, 5)), Some(5));
        assert_eq!(count(feed.behind(u64::MAX, 5)), None);
    }

    #[test]
    fn that_a_board_is_gone_is_known_for_as_long_as_anything_of_it_is() {
        let (feed, board) = (Feed::new([1; 8]), BoardId::from_bytes([1; 16]));
        feed.tell([Change::BoardGone(board)]);
        assert!(feed.is_gone(board));
        assert!(!feed.is_gone(BoardId::from_bytes([2; 16])));
        for _ in 0..2 {
            feed.tell(changes(0..10_000));
        }
        assert!(!feed.is_gone(board));
        assert!(feed.row.lock().gone.is_empty());
    }
}
