//! Deliveries that moved and wait to be told to whoever wrote the messages: by message, so that one to ten thousand agents
//! is one line.

use portunus_core::ids::{AgentId, MessageId};
use portunus_core::message::DeliveryState;
use std::collections::{HashMap, VecDeque};

/// How many of a message's deliveries that moved are named.
const MOST_MOVES: usize = 20;
/// How many messages may wait to be told of; beyond that the newest are told anew.
const MOST_MESSAGES: usize = 4_096;

/// A delivery that moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) recipient: AgentId,
    pub(super) state: DeliveryState,
}

/// Deliveries of one message that moved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    /// Its place among the messages that wait.
    place: usize,
    /// The first of them.
    pub(super) named: Vec<Move>,
    /// Whether others moved too.
    pub(super) has_more: bool,
}

impl Moves {
    fn add(&mut self, moved: Move) {
        let known = self.named.iter_mut();
        let mut own = known.filter(|known| known.recipient == moved.recipient);
        if let Some(own) = own.next() {
            *own = moved;
        } else if self.named.len() < MOST_MOVES {
            self.named.push(moved);
        } else {
            self.has_more = true;
        }
    }
}

/// What waits to be told.
#[derive(Debug, Default)]
pub(super) struct News {
    messages: HashMap<MessageId, Moves>,
    /// Whether something was missed.
    pub(super) is_incomplete: bool,
}

impl News {
    /// Notes that deliveries of a message moved, one of them this way. Whether nothing waited before.
    pub(super) fn note(&mut self, message: MessageId, moved: Option<Move>) -> bool {
        let was_empty = self.is_empty();
        let place = self.messages.len();
        if place >= MOST_MESSAGES && !self.messages.contains_key(&message) {
            self.is_incomplete = true;
            return was_empty;
        }
        let own = self.messages.entry(message).or_insert_with(|| Moves {
            place,
            ..Moves::default()
        });
        match moved {
            Some(moved) => own.add(moved),
            None => own.has_more = true,
        }
        was_empty
    }

    /// Nobody knows any more what moved.
    pub(super) const fn lose_count(&mut self) {
        self.is_incomplete = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty() && !self.is_incomplete
    }

    /// In the order in which they came.
    pub(super) fn into_round(self) -> VecDeque<(MessageId, Moves)> {
        let mut round: Vec<_> = self.messages.into_iter().collect();
        round.sort_by_key(|(_, moves)| moves.place);
        round.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::time::Timestamp;

    fn message(number: u16) -> MessageId {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&number.to_be_bytes());
        MessageId::from_bytes(id)
    }

    fn moved(number: u16, state: DeliveryState) -> Option<Move> {
        let recipient = AgentId::from_bytes(*message(number).as_bytes());
        Some(Move { recipient, state })
    }

    const fn read(secs: u64) -> DeliveryState {
        DeliveryState::Read {
            at: Timestamp::from_secs(secs),
        }
    }

    #[test]
    fn ten_thousand_recipients_are_one_line_with_the_first_of_them() {
        let mut news = News::default();
        for number in 0..10_000 {
            let first = news.note(message(1), moved(number, read(1)));
            assert_eq!(first, number == 0, "whoever listens is rung once");
        }
        news.note(message(1), moved(3, read(2)));
        let mut round = news.into_round();
        let (_, moves) = round.pop_front().unwrap();
        assert_eq!((round.len(), moves.named.len()), (0, MOST_MOVES));
        assert!(moves.has_more);
        assert_eq!(
            moves.named[3].state,
            read(2),
            "of one recipient the last move counts"
        );
    }

    #[test]
    fn messages_come_in_the_order_in_which_they_moved() {
        let mut news = News::default();
        for number in [7, 3, 9, 3] {
            news.note(message(number), moved(number, read(1)));
        }
        let round = news.into_round();
        let ids: Vec<MessageId> = round.into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [message(7), message(3), message(9)]);
    }

    #[test]
    fn more_messages_than_may_wait_are_told_anew() {
        let mut news = News::default();
        for number in 0..5_000 {
            news.note(message(number), None);
        }
        assert!(news.is_incomplete);
        assert_eq!(news.into_round().len(), MOST_MESSAGES);
    }
}
