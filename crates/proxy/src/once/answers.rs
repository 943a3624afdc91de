//! The answers that run or are kept, by agent, endpoint and key, within a bound on memory.
//!
//! When memory is short the answers that were not asked for the longest go, of the agent that asks for more than its share,
//! else of whoever holds the most: an agent that holds little loses nothing to one that holds much (P1). An answer that
//! somebody reads stays.

use super::room::{Account, Room};
use super::tape::{Reader, Tape, Writer};
use super::{Asked, Place};
use crate::call::Warrant;
use parking_lot::Mutex;
use portunus_core::ids::{AgentId, RequestId};
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

const MIB: usize = 1024 * 1024;

/// How much memory answers may take, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// One answer; a larger one is passed on and not kept.
    pub(super) answer: usize,
    /// All answers of one agent.
    pub(super) agent: usize,
    /// All answers.
    pub(super) all: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: 8 * MIB,
            agent: 16 * MIB,
            all: 64 * MIB,
        }
    }
}

/// What an answer takes besides its bytes: its head, its place, its task.
pub(super) const PER_ANSWER: usize = 4 * 1024;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    limits: Limits,
    taken: Arc<Account>,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    tapes: HashMap<Place, Listed>,
    agents: HashMap<AgentId, Shelf>,
    /// Counts looks, to tell which was the latest.
    looks: u64,
}

#[derive(Debug)]
struct Listed {
    tape: Arc<Tape>,
    /// The last look at it, once it is finished.
    finished: Option<u64>,
}

/// What one agent has.
#[derive(Debug, Default)]
struct Shelf {
    account: Arc<Account>,
    /// Its finished answers by the last look at them.
    finished: BTreeMap<u64, Place>,
    /// All of its answers.
    count: usize,
}

/// What becomes of a request that has a key.
#[derive(Debug)]
pub(super) enum Joined {
    /// It is the first: it has to be made.
    First(Writer, Reader),
    /// It was made before.
    Again(Reader),
    /// Its key was used for something else.
    Different,
    /// It was made before and is running still, but its beginning is gone.
    TooLarge,
}

impl Shelf {
    fn is_bare(&self) -> bool {
        self.count == 0 && self.account.bytes() == 0
    }
}

impl Answers {
    #[cfg(test)]
    pub(super) fn within(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            ..Self::default()
        })
    }

    /// Finds the answer that belongs to a request, or begins it as `id`'s.
    pub(super) fn join(self: &Arc<Self>, asked: Asked, id: RequestId, warrant: &Warrant) -> Joined {
        let mut book = self.book.lock();
        if let Some(listed) = book.tapes.get(&asked.place) {
            let tape = Arc::clone(&listed.tape);
            if !tape.answers(&asked) {
                return Joined::Different;
            }
            let Some(reader) = Reader::again(&tape, warrant) else {
                return Joined::TooLarge;
            };
            book.touch(&asked.place);
            return Joined::Again(reader);
        }
        let shelf = book.agents.entry(asked.place.agent).or_default();
        shelf.count += 1;
        let room = Room::new(Arc::clone(&shelf.account), Arc::clone(&self.taken));
        let has_room = self.has_room(&mut book, asked.place.agent, PER_ANSWER);
        room.take(PER_ANSWER);
        let tape = Arc::new(Tape::new(asked.clone(), id, room));
        let reader = Reader::first(&tape, warrant);
        let listed = Listed {
            tape: Arc::clone(&tape),
            finished: None,
        };
        book.tapes.insert(asked.place, listed);
        let writer = Writer::new(Arc::clone(self), tape);
        if !has_room {
            writer.pass_only();
        }
        Joined::First(writer, reader)
    }

    /// Makes room for `bytes` more of a tape; whether there is that much.
    pub(super) fn grow(&self, tape: &Tape, bytes: usize) -> bool {
        let mut book = self.book.lock();
        let fits = tape.room().taken() + bytes <= self.limits.answer
            && self.has_room(&mut book, tape.place().agent, bytes);
        if fits {
            tape.room().take(bytes);
        }
        fits
    }

    /// The answer is complete: it may be given again, and let go when room is needed.
    pub(super) fn keep(&self, tape: &Tape) {
        let mut book = self.book.lock();
        if book.holds(tape) {
            book.touch_finished(tape.place());
        }
    }

    /// The answer is not given again: a repetition is made anew.
    pub(super) fn forget(&self, place: &Place, original: RequestId) {
        let mut book = self.book.lock();
        let is_that = |listed: &Listed| listed.tape.original() == original;
        if book.tapes.get(place).is_some_and(is_that) {
            book.remove(place);
        }
    }

    /// The same, unless somebody reads it now; whether it is forgotten.
    pub(super) fn forget_unread(&self, tape: &Tape) -> bool {
        let mut book = self.book.lock();
        let is_unread = !tape.is_read();
        if is_unread && book.holds(tape) {
            book.remove(tape.place());
        }
        is_unread
    }

    /// The agent is gone.
    pub(crate) fn forget_agent(&self, agent: AgentId) {
        let mut book = self.book.lock();
        if book.agents.remove(&agent).is_some() {
            book.tapes.retain(|place, _| place.agent != agent);
        }
    }

    /// Bytes that are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.taken.bytes()
    }

    /// Lets answers go until `bytes` more of this agent fit, or none is left that may go.
    fn has_room(&self, book: &mut Book, agent: AgentId, bytes: usize) -> bool {
        let Some(shelf) = book.agents.get(&agent) else {
            return false;
        };
        let account = Arc::clone(&shelf.account);
        while account.bytes() + bytes > self.limits.agent {
            if !book.let_one_go(agent) {
                return false;
            }
        }
        if self.taken.bytes() + bytes > self.limits.all {
            book.level(&self.taken, self.limits.all - self.limits.all / 8);
        }
        self.taken.bytes() + bytes <= self.limits.all
    }
}

impl Book {
    fn holds(&self, tape: &Tape) -> bool {
        let listed = self.tapes.get(tape.place());
        listed.is_some_and(|listed| listed.tape.original() == tape.original())
    }

    /// Somebody looked at a finished answer.
    fn touch(&mut self, place: &Place) {
        if self
            .tapes
            .get(place)
            .is_some_and(|listed| listed.finished.is_some())
        {
            self.touch_finished(place);
        }
    }

    fn touch_finished(&mut self, place: &Place) {
        let (Some(listed), Some(shelf)) =
            (self.tapes.get_mut(place), self.agents.get_mut(&place.agent))
        else {
            return;
        };
        self.looks += 1;
        if let Some(before) = listed.finished.replace(self.looks) {
            shelf.finished.remove(&before);
        }
        shelf.finished.insert(self.looks, place.clone());
    }

    fn remove(&mut self, place: &Place) {
        let Some(listed) = self.tapes.remove(place) else {
            return;
        };
        let Some(shelf) = self.agents.get_mut(&place.agent) else {
            return;
        };
        if let Some(look) = listed.finished {
            shelf.finished.remove(&look);
        }
        shelf.count -= 1;
        drop(listed);
        // What somebody reads still counts, although it is found no more.
        if shelf.is_bare() {
            self.agents.remove(&place.agent);
        }
    }

    /// Lets the agent's finished answer go that was not looked at for the longest and is not read now.
    fn let_one_go(&mut self, agent: AgentId) -> bool {
        let finished = self.agents.get(&agent).map(|shelf| &shelf.finished);
        let tapes = &self.tapes;
        let is_unread = |place: &&Place| {
            tapes
                .get(place)
                .is_some_and(|listed| !listed.tape.is_read())
        };
        let place = finished.and_then(|finished| finished.values().find(is_unread).cloned());
        if let Some(place) = &place {
            self.remove(place);
        }
        place.is_some()
    }

    /// Lets answers of those who hold the most go until no more than `goal` bytes are taken, or none may go.
    fn level(&mut self, taken: &Account, goal: usize) {
        self.agents.retain(|_, shelf| !shelf.is_bare());
        let holders = self.agents.iter();
        let mut heaviest: BinaryHeap<(usize, AgentId)> = holders
            .filter(|(_, shelf)| !shelf.finished.is_empty())
            .map(|(agent, shelf)| (shelf.account.bytes(), *agent))
            .collect();
        while taken.bytes() > goal {
            let Some((_, agent)) = heaviest.pop() else {
                return;
            };
            if self.let_one_go(agent)
                && let Some(shelf) = self.agents.get(&agent)
            {
                heaviest.push((shelf.account.bytes(), agent));
            }
        }
    }
}
