//! How much the plane holds of the bodies of requests: of one principal, and of all. Nothing else bounds that before a body
//! is there, nor while its request waits. A body takes its room before it is read, and has it for as long as it is held.

use parking_lot::Mutex;
use portunus_core::agent::Principal;
use std::collections::HashMap;
use std::sync::Arc;

/// A body of so many bytes takes no room: it costs about what its connection does.
pub const SMALL: usize = 16 * 1024;

/// How much room there is, counted in bodies of the largest size.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// The largest body, in bytes.
    pub largest: usize,
    /// Of one principal.
    pub of_one: usize,
    /// Of all.
    pub of_all: usize,
    /// The part of these that is for principals of whom nothing is held: however much others bring, they are let in (P1).
    pub for_newcomers: usize,
}

/// There is no room for a body now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The principal itself has too much.
    OfOne,
    /// All together have.
    OfAll,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Bodies(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    all: usize,
    of: HashMap<Principal, usize>,
}

/// A body on its way in.
#[derive(Debug)]
pub struct Arriving<'b> {
    bodies: &'b Arc<Bodies>,
    of: Principal,
    shares: Shares,
    room: Option<Room>,
}

/// The room that one body takes; given back when it is dropped.
#[derive(Debug)]
pub struct Room {
    bodies: Arc<Bodies>,
    of: Principal,
    /// Bytes.
    taken: usize,
}

impl Bodies {
    /// A body of `of`, which has no room yet.
    #[must_use]
    pub const fn arriving(self: &Arc<Self>, of: Principal, shares: Shares) -> Arriving<'_> {
        Arriving {
            bodies: self,
            of,
            shares,
            room: None,
        }
    }

    /// Bytes that are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.lock().all
    }
}

impl Arriving<'_> {
    /// Takes room for a body that is `length` bytes long as far as is known. One that did not say so doubles it as it comes.
    ///
    /// # Errors
    ///
    /// [`Full`].
    pub fn reach(&mut self, length: usize) -> Result<(), Full> {
        let taken = self.room.as_ref().map_or(0, |room| room.taken);
        if length <= taken.max(SMALL) {
            return Ok(());
        }
        let wanted = length.max(taken.saturating_mul(2)).min(self.shares.largest);
        let room = self.room.get_or_insert_with(|| Room {
            bodies: Arc::clone(self.bodies),
            of: self.of,
            taken: 0,
        });
        room.grow(wanted.saturating_sub(taken), self.shares)
    }

    /// The body is there, and `length` bytes long: the room that it takes from now on, if it takes any.
    #[must_use]
    pub fn arrived(self, length: usize) -> Option<Room> {
        let mut room = self.room?;
        room.give_back(room.taken.saturating_sub(length));
        Some(room)
    }
}

impl Room {
    fn grow(&mut self, more: usize, shares: Shares) -> Result<(), Full> {
        let mut book = self.bodies.0.lock();
        let own = book.of.get(&self.of).copied().unwrap_or_default();
        let is_newcomer = own == self.taken;
        let share = match is_newcomer {
            true => shares.of_all,
            false => shares.of_all.saturating_sub(shares.for_newcomers),
        };
        let most = |count: usize| shares.largest.saturating_mul(count);
        if own.saturating_add(more) > most(shares.of_one) {
            return Err(Full::OfOne);
        }
        if book.all.saturating_add(more) > most(share) {
            return Err(Full::OfAll);
        }
        book.all += more;
        book.of.insert(self.of, own + more);
        self.taken += more;
        Ok(())
    }

    fn give_back(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let mut book = self.bodies.0.lock();
        book.all = book.all.saturating_sub(bytes);
        if let Some(own) = book.of.get_mut(&self.of) {
            *own = own.saturating_sub(bytes);
            if *own == 0 {
                book.of.remove(&self.of);
            }
        }
        self.taken = self.taken.saturating_sub(bytes);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::ids::AgentId;

    const LARGEST: usize = 100_000;
    const SHARES: Shares = Shares {
        largest: LARGEST,
        of_one: 4,
        of_all: 32,
        for_newcomers: 8,
    };

    fn agent(number: u8) -> Principal {
        Principal::Agent(AgentId::from_bytes([number; 16]))
    }

    fn fill(bodies: &Arc<Bodies>, of: Principal, count: usize) -> Vec<Room> {
        let taken = (0..count).map(|_| {
            let mut body = bodies.arriving(of, SHARES);
            body.reach(LARGEST).unwrap();
            body.arrived(LARGEST).unwrap()
        });
        taken.collect()
    }

    /// Six who leave nothing but the newcomers' part.
    fn crowd(bodies: &Arc<Bodies>) -> Vec<Room> {
        let six = (0..6).map(|number| fill(bodies, agent(number), SHARES.of_one));
        six.flatten().collect()
    }

    #[test]
    fn a_principal_has_so_much_and_no_more() {
        let bodies = Arc::default();
        let mut taken = fill(&bodies, agent(1), SHARES.of_one);
        let mut next = bodies.arriving(agent(1), SHARES);
        assert_eq!(next.reach(SMALL), Ok(()));
        assert_eq!(next.reach(SMALL + 1), Err(Full::OfOne));
        assert_eq!(
            bodies.arriving(agent(2), SHARES).reach(LARGEST),
            Ok(()),
            "another one has its own"
        );
        taken.pop();
        assert_eq!(next.reach(LARGEST), Ok(()));
    }

    #[test]
    fn p1_whoever_has_nothing_here_finds_room_whatever_others_bring() {
        let bodies = Arc::default();
        let mut taken = crowd(&bodies);
        assert_eq!(taken.len(), SHARES.of_all - SHARES.for_newcomers);
        for number in 10..18 {
            taken.extend(fill(&bodies, agent(number), 1));
            let mut second = bodies.arriving(agent(number), SHARES);
            assert_eq!(second.reach(LARGEST), Err(Full::OfAll));
        }
        let mut late = bodies.arriving(agent(20), SHARES);
        assert_eq!(late.reach(LARGEST), Err(Full::OfAll));
        taken.clear();
        assert_eq!(late.reach(LARGEST), Ok(()));
        drop(late);
        let book = bodies.0.lock();
        assert_eq!((book.all, book.of.len()), (0, 0));
    }

    #[test]
    fn p1_a_newcomer_is_one_also_while_its_body_comes_in_pieces() {
        let bodies = Arc::default();
        let _taken = crowd(&bodies);
        let mut only = bodies.arriving(agent(10), SHARES);
        for length in [20_000, 40_000, 80_000, LARGEST] {
            assert_eq!(only.reach(length), Ok(()));
        }
    }

    #[test]
    fn a_body_of_unknown_length_takes_room_as_it_comes_and_keeps_what_it_needs() {
        let bodies = Arc::default();
        let mut body = Bodies::arriving(&bodies, agent(1), SHARES);
        for length in [10, SMALL, SMALL + 1, 20_000, 60_000, 60_001] {
            assert_eq!(body.reach(length), Ok(()));
            let taken = bodies.taken();
            assert!(length <= taken.max(SMALL) && taken <= LARGEST);
        }
        let room = body.arrived(60_001);
        assert_eq!(bodies.taken(), 60_001);
        drop(room);
        assert_eq!(bodies.taken(), 0);
    }
}
