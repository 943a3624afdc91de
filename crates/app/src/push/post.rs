//! An agent's inbox as its connection sees it: so many messages are under way and no more, and nothing is asked while
//! nothing can have come.

use super::PAUSE_MS;
use super::registry::Member;
use super::wanted::Window;
use crate::failure::Failure;
use crate::messages::inbox;
use crate::plane::Plane;
use portunus_core::ids::{AgentId, ConnectionId, MessageId};
use portunus_core::message::{Delivery, DeliveryState, Message};
use portunus_core::push::HandedOut;
use portunus_core::time::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;

/// Messages that are taken at once.
const AT_ONCE: usize = 20;

/// See the module.
#[derive(Debug)]
pub(super) struct Post {
    agent: AgentId,
    /// Whom it is pushed to, see [`super::handed`].
    pub(super) reader: ConnectionId,
    visibility_ms: u64,
    pub(super) window: Window,
    taken: VecDeque<(Arc<Message>, Delivery)>,
    /// What was taken and is not read, as far as is known, and until when nobody else gets it.
    unread: Vec<(MessageId, Timestamp)>,
    /// Whether something may be there.
    is_rung: bool,
    /// When the next of what is hidden can be taken again, or the database is asked again.
    look_at: Option<Timestamp>,
    /// What was handed out last.
    pub(super) last: HandedOut,
}

impl Post {
    pub(super) const fn new(
        agent: AgentId,
        reader: ConnectionId,
        (visibility_ms, window): (u64, Window),
        last: HandedOut,
    ) -> Self {
        Self {
            agent,
            reader,
            visibility_ms,
            window,
            taken: VecDeque::new(),
            unread: Vec::new(),
            is_rung: true,
            look_at: None,
            last,
        }
    }

    /// Takes note of what was told from outside.
    pub(super) fn hear(&mut self, member: &Member) {
        self.is_rung |= member.take_inbox();
        let settled = member.take_settled();
        if settled.is_incomplete {
            self.unread.clear();
        }
        self.unread.retain(|(id, _)| !settled.messages.contains(id));
    }

    /// Whether a look may find something.
    pub(super) fn is_pressing(&self, now: Timestamp) -> bool {
        let is_due = self.is_rung || self.look_at.is_some_and(|at| at <= now);
        !self.taken.is_empty() || (is_due && self.room(now) > 0)
    }

    /// How many more may be under way: what nobody read in time is free again for whoever looks first.
    fn room(&self, now: Timestamp) -> usize {
        let hidden = self.unread.iter().filter(|(_, until)| *until > now);
        self.window.count().saturating_sub(hidden.count())
    }

    /// When to look without being rung.
    pub(super) fn look_at(&self, now: Timestamp) -> Option<Timestamp> {
        if self.room(now) > 0 {
            return self.look_at;
        }
        let hidden = self.unread.iter().map(|(_, until)| *until);
        hidden.filter(|until| *until > now).min()
    }

    /// The next message, if there is one, of which `room` may be taken at most.
    pub(super) async fn next(
        &mut self,
        plane: &Arc<Plane>,
        room: u64,
    ) -> Option<(Arc<Message>, Delivery)> {
        let now = plane.clock.now();
        if self.taken.is_empty() && self.is_pressing(now) {
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            let limit = room.min(AT_ONCE).min(self.room(now));
            self.unread.retain(|(_, until)| *until > now);
            self.look(plane, limit).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "an inbox is not pushed yet");
                self.look_at = Some(now.plus_ms(PAUSE_MS));
            });
        }
        let (message, delivery) = self.taken.pop_front()?;
        self.last = handed_out(&message, &delivery).unwrap_or(self.last);
        Some((message, delivery))
    }

    async fn look(&mut self, plane: &Arc<Plane>, limit: usize) -> Result<(), Failure> {
        self.is_rung = false;
        let wanted = inbox::Wanted {
            limit: u32::try_from(limit).unwrap_or(1),
            wait_ms: 0,
            visibility_ms: self.visibility_ms,
        };
        let found = inbox::look(plane, self.agent, wanted).await?;
        // There may be more.
        self.is_rung = found.taken.len() == limit;
        self.look_at = found.visible_at;
        let until = |delivery: &Delivery| match delivery.state {
            DeliveryState::Delivered { visible_at, .. } => Some(visible_at),
            _ => None,
        };
        for (message, delivery) in &found.taken {
            self.unread.retain(|(id, _)| *id != message.id);
            let hidden = until(delivery).map(|until| (message.id, until));
            self.unread.extend(hidden);
        }
        let pushed = found.taken.iter();
        let pushed = pushed.filter_map(|(message, delivery)| handed_out(message, delivery));
        plane.push().handed.note(self.reader, pushed);
        self.taken.extend(found.taken);
        Ok(())
    }
}

fn handed_out(message: &Message, delivery: &Delivery) -> Option<HandedOut> {
    let message = message.id;
    match delivery.state {
        DeliveryState::Delivered { at, .. } => Some(HandedOut { at, message }),
        _ => None,
    }
}
