//! Who is told, in this process, what was written and what became of it.

use parking_lot::Mutex;
use portunus_core::agent::Principal;
use portunus_core::ids::{AgentId, BoardId, MessageId};
use portunus_core::message::{Audience, Board, DeliveryState};
use portunus_store::{Appended, Authored};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Something that happened to messages, after the store has it.
#[derive(Clone, Debug)]
pub enum MessageEvent {
    /// A message was written.
    Appended(Arc<Appended>),
    /// Deliveries moved, all in one transaction.
    Moved(Arc<[Moved]>),
    /// Deliveries of these messages failed, in a crowd and without anybody looking at each.
    Undone(Vec<Authored>),
    /// Deliveries failed in a crowd, and nobody knows which.
    Missed,
    /// A board is new, or says something else of itself.
    BoardChanged(Arc<Board>),
    /// A board was deleted: what nobody had read of it has failed.
    BoardGone(BoardId),
}

/// A delivery that moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Of which message.
    pub message: MessageId,
    /// Who wrote it.
    pub sender: Principal,
    /// To whom.
    pub recipient: AgentId,
    /// Where it stands now.
    pub state: DeliveryState,
}

/// The readers that wait, by agent. An agent without one costs nothing.
#[derive(Debug, Default)]
pub(super) struct Bells(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    bells: HashMap<AgentId, Bell>,
    /// Of all agents together.
    listeners: usize,
}

#[derive(Debug, Default)]
struct Bell {
    ring: Arc<Notify>,
    listeners: usize,
}

impl Bells {
    /// Listens for an agent until it is dropped; `None` when `most_each` do already, or `most` for all agents together.
    pub(super) fn listen(
        self: &Arc<Self>,
        agent: AgentId,
        most_each: usize,
        most: usize,
    ) -> Option<Listener> {
        let mut waiting = self.0.lock();
        let all = waiting.listeners;
        let bell = waiting.bells.entry(agent).or_default();
        if bell.listeners >= most_each || all >= most {
            if bell.listeners == 0 {
                waiting.bells.remove(&agent);
            }
            return None;
        }
        bell.listeners += 1;
        let ring = Arc::clone(&bell.ring);
        waiting.listeners += 1;
        Some(Listener {
            bells: Arc::clone(self),
            agent,
            ring,
        })
    }

    pub(super) fn listeners(&self) -> usize {
        self.0.lock().listeners
    }

    /// Wakes whom a message reaches.
    pub(super) fn ring(&self, appended: &Appended) {
        let waiting = self.0.lock();
        let bells = &waiting.bells;
        for agent in &appended.named {
            if let Some(bell) = bells.get(agent) {
                bell.ring.notify_waiters();
            }
        }
        if appended.message.audience == Audience::Everyone {
            let sender = appended.message.sender.principal;
            let others = bells
                .iter()
                .filter(|(agent, _)| Principal::Agent(**agent) != sender);
            others.for_each(|(_, bell)| bell.ring.notify_waiters());
        }
    }
}

/// One reader that waits.
#[derive(Debug)]
pub(super) struct Listener {
    bells: Arc<Bells>,
    agent: AgentId,
    ring: Arc<Notify>,
}

impl Listener {
    /// Ends when the bell rings; it counts from now on, also before it is polled.
    pub(super) fn rung(&self) -> OwnedNotified {
        Arc::clone(&self.ring).notified_owned()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut waiting = self.bells.0.lock();
        waiting.listeners -= 1;
        if let Some(bell) = waiting.bells.get_mut(&self.agent) {
            bell.listeners -= 1;
            if bell.listeners == 0 {
                waiting.bells.remove(&self.agent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_bounded_and_leave_nothing_behind() {
        let bells = Arc::new(Bells::default());
        let agent = |number| AgentId::from_bytes([number; 16]);
        let listen = |number| bells.listen(agent(number), 2, 3);
        let (first, second) = (listen(1), listen(1));
        assert!(first.is_some() && second.is_some());
        assert!(listen(1).is_none(), "two each");
        let third = listen(2);
        assert!(third.is_some());
        assert!(listen(3).is_none(), "three in all");
        drop(first);
        let fourth = listen(3);
        assert!(fourth.is_some());
        drop((second, third, fourth));
        assert!(bells.0.lock().bells.is_empty());
        for number in 0..100_u8 {
            drop(listen(number));
        }
        assert!(bells.0.lock().bells.is_empty());
    }
}
