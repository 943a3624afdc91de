//! Bodies on their way in. They are held before anything else bounds what an agent uses, so there is a bound on how much
//! of them is under way: of one agent, and of all together. One that came with its head asks nobody.

use parking_lot::Mutex;
use portunus_core::ids::AgentId;
use std::collections::HashMap;

/// So many bodies of the largest size may be on their way from one agent.
pub(crate) const OF_AGENT: usize = 4;
/// And so many from all of them.
pub(crate) const OF_ALL: usize = 32;
/// So many of these are for agents that have nothing on its way yet: however many others upload, they are let in (P1).
const FOR_NEWCOMERS: usize = 8;

/// There is no room for a body now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The agent itself has too much on its way.
    OfAgent,
    /// All agents together have.
    OfAll,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    all: usize,
    agents: HashMap<AgentId, usize>,
}

/// The room that one body takes, in bytes; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Room<'u> {
    uploads: &'u Uploads,
    agent: AgentId,
    /// The largest body.
    largest: usize,
    taken: usize,
}

impl Uploads {
    /// None yet, for a body of `agent`.
    pub(crate) const fn room(&self, agent: AgentId, largest: usize) -> Room<'_> {
        Room {
            uploads: self,
            agent,
            largest,
            taken: 0,
        }
    }
}

impl Room<'_> {
    /// Takes room for a body that is `length` long as far as is known. One that did not say so doubles it as it comes.
    ///
    /// # Errors
    ///
    /// [`Full`].
    pub(crate) fn reach(&mut self, length: usize) -> Result<(), Full> {
        if length <= self.taken {
            return Ok(());
        }
        let wanted = length.max(self.taken.saturating_mul(2)).min(self.largest);
        let more = wanted.saturating_sub(self.taken);
        let mut book = self.uploads.0.lock();
        let own = book.agents.get(&self.agent).copied().unwrap_or_default();
        let share = if own == 0 {
            OF_ALL
        } else {
            OF_ALL - FOR_NEWCOMERS
        };
        if own.saturating_add(more) > self.largest.saturating_mul(OF_AGENT) {
            return Err(Full::OfAgent);
        }
        if book.all.saturating_add(more) > self.largest.saturating_mul(share) {
            return Err(Full::OfAll);
        }
        book.all += more;
        book.agents.insert(self.agent, own + more);
        self.taken = wanted;
        Ok(())
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if self.taken == 0 {
            return;
        }
        let mut book = self.uploads.0.lock();
        book.all = book.all.saturating_sub(self.taken);
        if let Some(own) = book.agents.get_mut(&self.agent) {
            *own = own.saturating_sub(self.taken);
            if *own == 0 {
                book.agents.remove(&self.agent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST: usize = 1_000;

    fn agent(number: u8) -> AgentId {
        AgentId::from_bytes([number; 16])
    }

    fn fill<'u>(uploads: &'u Uploads, agent: AgentId, count: usize) -> Vec<Room<'u>> {
        let taken = (0..count).map(|_| {
            let mut room = uploads.room(agent, LARGEST);
            room.reach(LARGEST).unwrap();
            room
        });
        taken.collect()
    }

    #[test]
    fn an_agent_has_so_much_on_its_way_and_no_more() {
        let uploads = Uploads::default();
        let mut taken = fill(&uploads, agent(1), OF_AGENT);
        let mut next = uploads.room(agent(1), LARGEST);
        assert_eq!(next.reach(1), Err(Full::OfAgent));
        assert_eq!(uploads.room(agent(2), LARGEST).reach(LARGEST), Ok(()));
        taken.pop();
        assert_eq!(next.reach(LARGEST), Ok(()));
    }

    #[test]
    fn p1_whoever_has_nothing_on_its_way_finds_room_whatever_others_upload() {
        let uploads = Uploads::default();
        let mut taken = Vec::new();
        for number in 0..6 {
            taken.extend(fill(&uploads, agent(number), OF_AGENT));
        }
        assert_eq!(taken.len(), OF_ALL - FOR_NEWCOMERS);
        for number in 10..18 {
            taken.extend(fill(&uploads, agent(number), 1));
            let mut second = uploads.room(agent(number), LARGEST);
            assert_eq!(second.reach(1), Err(Full::OfAll));
        }
        let mut late = uploads.room(agent(20), LARGEST);
        assert_eq!(late.reach(1), Err(Full::OfAll));
        taken.clear();
        assert_eq!(late.reach(LARGEST), Ok(()));
        drop(late);
        let book = uploads.0.lock();
        assert_eq!((book.all, book.agents.len()), (0, 0));
    }

    #[test]
    fn a_body_of_unknown_length_takes_room_as_it_comes() {
        let uploads = Uploads::default();
        let mut room = uploads.room(agent(1), LARGEST);
        for length in [10, 11, 20, 600, 601, LARGEST] {
            assert_eq!(room.reach(length), Ok(()));
            assert!(room.taken >= length && room.taken <= LARGEST);
        }
        assert_eq!(uploads.0.lock().all, LARGEST);
    }
}
