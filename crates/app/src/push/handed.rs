//! What was pushed to whom last, so that a reader who comes back behind its cursor gets what it lost at once, and nothing
//! that somebody else holds. A reader is whoever goes on from its own cursor, over any number of connections.

use super::MOST_UNREAD;
use parking_lot::Mutex;
use portunus_core::ids::ConnectionId;
use portunus_core::push::HandedOut;
use std::collections::{HashMap, VecDeque};

/// Of how many readers it is known; those who came first are forgotten.
const MOST_READERS: usize = 32_768;

#[derive(Debug, Default)]
struct Book {
    readers: HashMap<ConnectionId, VecDeque<HandedOut>>,
    /// In the order in which they came.
    order: VecDeque<ConnectionId>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Handed(Mutex<Book>);

impl Handed {
    /// These were pushed to a reader, in this order.
    pub(super) fn note(&self, reader: ConnectionId, pushed: impl IntoIterator<Item = HandedOut>) {
        let mut pushed = pushed.into_iter().peekable();
        if pushed.peek().is_none() {
            return;
        }
        let mut book = self.0.lock();
        if !book.readers.contains_key(&reader) {
            book.order.push_back(reader);
            if book.order.len() > MOST_READERS
                && let Some(first) = book.order.pop_front()
            {
                book.readers.remove(&first);
            }
        }
        let own = book.readers.entry(reader).or_default();
        own.extend(pushed);
        // More are never under way.
        let surplus = own.len().saturating_sub(MOST_UNREAD);
        own.drain(..surplus);
    }

    /// What was pushed to a reader behind `last`.
    pub(super) fn lost(&self, reader: ConnectionId, last: HandedOut) -> Vec<HandedOut> {
        let book = self.0.lock();
        let Some(own) = book.readers.get(&reader) else {
            return Vec::new();
        };
        let kept = match own.iter().rposition(|one| *one == last) {
            Some(place) => place + 1,
            // It had nothing yet, or that is forgotten.
            None => own.partition_point(|one| one.at < last.at),
        };
        own.range(kept..).copied().collect()
    }

    /// This was given back to the inbox: no reader holds it any more.
    pub(super) fn forget(&self, reader: ConnectionId, back: &[HandedOut]) {
        if let Some(own) = self.0.lock().readers.get_mut(&reader) {
            own.retain(|one| !back.contains(one));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::ids::MessageId;
    use portunus_core::time::Timestamp;

    fn reader(number: u16) -> ConnectionId {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        ConnectionId::from_bytes(id)
    }

    const fn one(at: u64, message: u8) -> HandedOut {
        HandedOut {
            at: Timestamp::from_millis(at),
            message: MessageId::from_bytes([message; 16]),
        }
    }

    #[test]
    fn a_reader_gets_what_came_behind_its_cursor_and_nothing_of_another() {
        let handed = Handed::default();
        handed.note(reader(1), [one(5, 1), one(5, 2), one(6, 3)]);
        handed.note(reader(2), [one(6, 4)]);
        for _ in 0..2 {
            let lost = handed.lost(reader(1), one(5, 1));
            assert_eq!(lost, [one(5, 2), one(6, 3)], "until it is given back");
        }
        handed.note(reader(1), [one(7, 2)]);
        handed.forget(reader(1), &[one(5, 2), one(6, 3)]);
        assert_eq!(handed.lost(reader(1), one(5, 1)), [one(7, 2)]);
        assert_eq!(handed.lost(reader(2), one(5, 0)), [one(6, 4)]);
        assert_eq!(handed.lost(reader(3), one(0, 0)), []);
    }

    #[test]
    fn what_is_kept_has_bounds() {
        let handed = Handed::default();
        for number in 0..40_000 {
            handed.note(reader(number), [one(1, 1)]);
        }
        handed.note(reader(9), (0..200).map(|message| one(2, message)));
        assert_eq!(handed.lost(reader(9), one(0, 0)).len(), MOST_UNREAD);
        let book = handed.0.lock();
        assert_eq!(
            (book.readers.len(), book.order.len()),
            (MOST_READERS, MOST_READERS)
        );
    }
}
