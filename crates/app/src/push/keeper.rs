//! Hears what happens in the plane and tells the connections that it concerns. It waits for none of them.

use super::Push;
use super::feed::Change;
use super::news::Move;
use super::told::Marked;
use crate::messages::{Appended, MessageEvent, Moved};
use crate::notifications::NotificationEvent;
use crate::plane::Plane;
use portunus_core::message::{Audience, DeliveryState, FailureReason, Place};
use portunus_store::Authored;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Has connections told of what happens in a plane from now on, for as long as what is returned runs.
pub(crate) fn tell_connections(plane: &Plane) -> impl Future<Output = ()> + Send + use<> {
    let push = Arc::clone(&plane.push);
    plane.departures().tell(move |agent| push.agent_gone(agent));
    let (push, messages) = (Arc::clone(&plane.push), plane.messages().subscribe());
    let notifications = plane.notifications().subscribe();
    async move {
        tokio::join!(push.keep(messages), push.keep_notifying(notifications));
    }
}

impl Push {
    async fn keep(&self, mut messages: Receiver<MessageEvent>) {
        loop {
            match messages.recv().await {
                Ok(event) => self.hear(event),
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(
                        missed,
                        "connections look into their inboxes, because events were missed"
                    );
                    self.registry.lose_count();
                    self.registry.lose_news();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn keep_notifying(&self, mut notifications: Receiver<NotificationEvent>) {
        loop {
            let change = match notifications.recv().await {
                Ok(NotificationEvent::Sent(notification)) => Change::Notification(notification),
                Ok(NotificationEvent::Read {
                    reader,
                    notification,
                }) => Change::NotificationsRead(reader, Marked::One(notification)),
                Ok(NotificationEvent::AllRead { reader, until }) => {
                    Change::NotificationsRead(reader, Marked::Until(until))
                }
                Err(RecvError::Lagged(_)) => Change::NotificationsMissed,
                Err(RecvError::Closed) => return,
            };
            self.feed.tell([change]);
        }
    }

    fn hear(&self, event: MessageEvent) {
        match event {
            MessageEvent::Appended(appended) => self.hear_appended(&appended),
            MessageEvent::Moved(moved) => {
                for moved in &*moved {
                    self.hear_moved(moved);
                }
            }
            MessageEvent::Undone(authored) => {
                for Authored { message, sender } in authored {
                    self.registry.note(sender, message, None);
                }
            }
            MessageEvent::Missed => self.registry.lose_news(),
            MessageEvent::BoardChanged(board) => self.feed.tell([Change::Board(board)]),
            MessageEvent::BoardGone(board) => {
                self.feed.tell([Change::BoardGone(board)]);
                // What was on its way to anybody has failed, and nobody is told of each.
                self.registry.lose_count();
            }
        }
    }

    fn hear_moved(&self, moved: &Moved) {
        let Moved {
            message,
            sender,
            recipient,
            state,
        } = *moved;
        let moved = Move { recipient, state };
        self.registry.note(sender, message, Some(moved));
        if matches!(
            state,
            DeliveryState::Read { .. } | DeliveryState::Failed { .. }
        ) {
            self.registry.settle(recipient, message);
        }
    }

    fn hear_appended(&self, appended: &Appended) {
        let message = &appended.message;
        let sender = message.sender.principal;
        for agent in &appended.named {
            self.registry.ring_inbox(*agent);
        }
        for (recipient, _) in &appended.full {
            let state = DeliveryState::Failed {
                at: message.at,
                reason: FailureReason::InboxFull,
            };
            let recipient = *recipient;
            self.registry
                .note(sender, message.id, Some(Move { recipient, state }));
        }
        if message.audience == Audience::Everyone {
            self.registry.ring_all_inboxes(Some(sender));
        }
        if matches!(message.place, Place::Board { .. }) {
            let message = Arc::new(message.clone());
            self.feed.tell([Change::BoardMessage(message)]);
        }
    }
}
