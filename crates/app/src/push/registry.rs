//! Every open connection of this node, by whom it belongs to. A principal without one costs nothing, and nothing is left
//! of a connection that is gone.

use super::news::{Move, News};
use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, ConnectionId, MessageId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Notify;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Of all principals together.
    pub node: usize,
    /// Of each one.
    pub each: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            node: 20_000,
            each: 16,
        }
    }
}

/// Too many are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// Of this principal.
    #[error("{each} connections of this principal are open, which is all that may be")]
    Principal {
        /// How many may be.
        each: usize,
    },
    /// On this node.
    #[error("{node} connections are open on this node, which is all that may be")]
    Node {
        /// How many may be.
        node: usize,
    },
}

/// What one connection is told from outside.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: ConnectionId,
    pub(super) bell: Notify,
    /// Something may be in the inbox.
    inbox: AtomicBool,
    /// The principal stands otherwise.
    account: AtomicBool,
    settled: Mutex<Settled>,
    /// Whether it follows the messages that its principal wrote, and what became of them.
    follows: AtomicBool,
    pub(super) news: Mutex<News>,
    /// What was acknowledged from outside the connection.
    acknowledged: AtomicU64,
    /// How many events were sent.
    pub(super) sent: AtomicU64,
}

/// What became of messages that were pushed.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Those that are read, or have failed.
    pub(super) messages: Vec<MessageId>,
    /// Whether some that are were missed.
    pub(super) is_incomplete: bool,
}

impl Member {
    fn new(id: ConnectionId) -> Self {
        Self {
            id,
            bell: Notify::new(),
            inbox: AtomicBool::new(true),
            account: AtomicBool::new(true),
            settled: Mutex::default(),
            follows: AtomicBool::new(false),
            news: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        }
    }

    fn ring(&self, flag: &AtomicBool) {
        flag.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    pub(super) fn take_inbox(&self) -> bool {
        self.inbox.swap(false, Ordering::AcqRel)
    }

    pub(super) fn take_account(&self) -> bool {
        self.account.swap(false, Ordering::AcqRel)
    }

    /// It could not be told how the principal stands.
    pub(super) fn put_account_back(&self) {
        self.account.store(true, Ordering::Release);
    }

    pub(super) fn take_settled(&self) -> Settled {
        std::mem::take(&mut *self.settled.lock())
    }

    /// From now on it is told what becomes of its principal's messages.
    pub(super) fn follow(&self) {
        self.follows.store(true, Ordering::Release);
    }

    fn note(&self, message: MessageId, moved: Option<Move>) {
        if self.follows.load(Ordering::Acquire) && self.news.lock().note(message, moved) {
            self.bell.notify_one();
        }
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    fn settle(&self, message: MessageId) {
        let mut settled = self.settled.lock();
        // More are never under way; the rest is somebody else's.
        if settled.messages.len() < MOST_SETTLED {
            settled.messages.push(message);
        } else {
            settled.is_incomplete = true;
        }
        drop(settled);
        self.bell.notify_one();
    }
}

/// How many settled messages a connection is told of before it looks.
const MOST_SETTLED: usize = 256;

#[derive(Debug, Default)]
struct Book {
    /// In order, so that those who are woken together look into inboxes that lie together.
    members: BTreeMap<Principal, Vec<Arc<Member>>>,
    open: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Registry {
    book: Mutex<Book>,
    bounds: Mutex<Bounds>,
}

impl Registry {
    pub(super) fn bound(&self, bounds: Bounds) {
        *self.bounds.lock() = bounds;
    }

    /// Registers a connection until what is returned is dropped.
    pub(super) fn enter(
        self: &Arc<Self>,
        whose: Principal,
        id: ConnectionId,
    ) -> Result<Seat, Full> {
        let Bounds { node, each } = *self.bounds.lock();
        let mut book = self.book.lock();
        if book.open >= node {
            return Err(Full::Node { node });
        }
        if book
            .members
            .get(&whose)
            .is_some_and(|own| own.len() >= each)
        {
            return Err(Full::Principal { each });
        }
        let member = Arc::new(Member::new(id));
        book.members
            .entry(whose)
            .or_default()
            .push(Arc::clone(&member));
        book.open += 1;
        Ok(Seat {
            registry: Arc::clone(self),
            whose,
            member,
        })
    }

    pub(super) fn open(&self) -> usize {
        self.book.lock().open
    }

    /// Whether nothing at all is left.
    pub(super) fn is_empty(&self) -> bool {
        let book = self.book.lock();
        book.open == 0 && book.members.is_empty()
    }

    /// Something was written to an agent.
    pub(super) fn ring_inbox(&self, agent: AgentId) {
        for member in self.of(Principal::Agent(agent)) {
            member.ring(&member.inbox);
        }
    }

    /// Something was written to every agent but the sender.
    pub(super) fn ring_all_inboxes(&self, but: Option<Principal>) {
        let book = self.book.lock();
        let others = book
            .members
            .iter()
            .filter(|(whose, _)| matches!(whose, Principal::Agent(_)) && Some(**whose) != but);
        for member in others.flat_map(|(_, members)| members) {
            member.ring(&member.inbox);
        }
    }

    /// A principal stands otherwise.
    pub(super) fn ring_account(&self, whose: Principal) {
        for member in self.of(whose) {
            member.ring(&member.account);
        }
    }

    /// A message is read by an agent, or has failed.
    pub(super) fn settle(&self, agent: AgentId, message: MessageId) {
        for member in self.of(Principal::Agent(agent)) {
            member.settle(message);
        }
    }

    /// A delivery of a message that `sender` wrote moved; `None` when it is not known which one.
    pub(super) fn note(&self, sender: Principal, message: MessageId, moved: Option<Move>) {
        for member in self.of(sender) {
            member.note(message, moved);
        }
    }

    /// Nobody knows any more what became of messages, for those who wrote them.
    pub(super) fn lose_news(&self) {
        let book = self.book.lock();
        let members = book.members.values().flatten();
        for member in members.filter(|member| member.follows.load(Ordering::Acquire)) {
            member.news.lock().lose_count();
            member.bell.notify_one();
        }
    }

    /// Nobody knows any more what became of messages.
    pub(super) fn lose_count(&self) {
        let book = self.book.lock();
        for member in book.members.values().flatten() {
            member.settled.lock().is_incomplete = true;
            member.ring(&member.inbox);
        }
    }

    /// Acknowledges for a connection of `whose`. `None` when there is no such one, else how many events it was sent.
    pub(super) fn acknowledge(&self, whose: Principal, id: ConnectionId, seq: u64) -> Option<u64> {
        let own = self.of(whose);
        let member = own.iter().find(|member| member.id == id)?;
        let sent = member.sent.load(Ordering::Acquire);
        if seq <= sent {
            member.acknowledged.fetch_max(seq, Ordering::AcqRel);
            member.bell.notify_one();
        }
        Some(sent)
    }

    fn of(&self, whose: Principal) -> Vec<Arc<Member>> {
        let book = self.book.lock();
        book.members.get(&whose).cloned().unwrap_or_default()
    }
}

/// A connection's place among all; it is free when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    registry: Arc<Registry>,
    whose: Principal,
    pub(super) member: Arc<Member>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut book = self.registry.book.lock();
        if let Some(own) = book.members.get_mut(&self.whose) {
            own.retain(|member| !Arc::ptr_eq(member, &self.member));
            if own.is_empty() {
                book.members.remove(&self.whose);
            }
        }
        book.open -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(number: u16) -> Principal {
        let [high, low] = number.to_be_bytes();
        let mut id = [0; 16];
        (id[0], id[1]) = (high, low);
        Principal::Agent(AgentId::from_bytes(id))
    }

    fn connection(number: u16) -> ConnectionId {
        let Principal::Agent(id) = agent(number) else {
            panic!("no agent")
        };
        ConnectionId::from_bytes(*id.as_bytes())
    }

    #[test]
    fn nothing_is_left_of_ten_thousand_starts_and_stops() {
        let registry = Arc::new(Registry::default());
        let mut seats = Vec::new();
        for number in 0..10_000 {
            seats.push(
                registry
                    .enter(agent(number % 700), connection(number))
                    .unwrap(),
            );
            if number % 3 == 0 {
                seats.swap_remove(usize::from(number) % seats.len());
            }
        }
        assert_eq!(registry.open(), seats.len());
        drop(seats);
        assert!(registry.is_empty());
    }

    #[test]
    fn connections_are_bounded_for_each_and_for_all() {
        let registry = Arc::new(Registry::default());
        registry.bound(Bounds { node: 3, each: 2 });
        let first = registry.enter(agent(1), connection(1)).unwrap();
        let second = registry.enter(agent(1), connection(2)).unwrap();
        let third = registry.enter(agent(1), connection(3)).unwrap_err();
        assert_eq!(third, Full::Principal { each: 2 });
        let third = registry.enter(agent(2), connection(3)).unwrap();
        let fourth = registry.enter(agent(3), connection(4)).unwrap_err();
        assert_eq!(fourth, Full::Node { node: 3 });
        drop(first);
        assert!(registry.enter(agent(1), connection(5)).is_ok());
        drop((second, third));
    }

    #[test]
    fn p6_nobody_acknowledges_for_somebody_elses_connection() {
        let registry = Arc::new(Registry::default());
        let seat = registry.enter(agent(1), connection(1)).unwrap();
        seat.member.sent.store(5, Ordering::Release);
        assert_eq!(registry.acknowledge(agent(2), connection(1), 3), None);
        assert_eq!(seat.member.acknowledged(), 0);
        assert_eq!(registry.acknowledge(agent(1), connection(1), 9), Some(5));
        assert_eq!(seat.member.acknowledged(), 0, "from the future");
        assert_eq!(registry.acknowledge(agent(1), connection(1), 3), Some(5));
        assert_eq!(seat.member.acknowledged(), 3);
    }
}
