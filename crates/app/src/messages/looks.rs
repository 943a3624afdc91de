//! Serves those who look into inboxes and those who acknowledge, many in one transaction: a message to everyone wakes every
//! reader at once, and who writes must not stand behind each of them.

use super::Messages;
use super::events::{MessageEvent, Moved};
use super::together::Asked;
use crate::failure::Failure;
use portunus_core::ids::{AgentId, MessageId};
use portunus_core::message::DeliveryState;
use portunus_core::push::HandedOut;
use portunus_core::time::{Clock, Timestamp};
use portunus_store::{AckEffect, AckOutcome, AckWish, Inbox, InboxWish, Store};

/// Inboxes that are looked into in one transaction. It takes some milliseconds, for which others who write wait.
const INBOXES: usize = 1_000;
/// Acknowledgements in one transaction, each of many messages at most.
const ACKNOWLEDGEMENTS: usize = 500;

/// What a reader asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) agent: AgentId,
    pub(super) limit: u32,
    pub(super) visibility_ms: u64,
}

impl Messages {
    /// Serves readers for as long as the plane runs.
    pub(super) async fn serve_readers(&self, store: &dyn Store, clock: &dyn Clock) {
        tokio::join!(
            self.serve_looks(store, clock),
            self.serve_acknowledgements(store, clock)
        );
    }

    async fn serve_looks(&self, store: &dyn Store, clock: &dyn Clock) {
        let Some(mut line) = self.looks.line() else {
            return;
        };
        while let Some(asked) = line.next(INBOXES).await {
            self.look(store, clock.now(), asked).await;
        }
    }

    async fn look(&self, store: &dyn Store, now: Timestamp, asked: Vec<Asked<Look, Inbox>>) {
        let length = self.inbox_length();
        let wish = |asked: &Asked<Look, Inbox>| InboxWish {
            agent: asked.question.agent,
            limit: asked.question.limit,
            now,
            visibility_ms: asked.question.visibility_ms,
            length,
        };
        let wishes: Vec<InboxWish> = asked.iter().map(wish).collect();
        let inboxes = match store.take_inboxes(&wishes).await {
            Ok(inboxes) => inboxes,
            Err(error) => return fail(asked, &error.into()),
        };
        let moved = wishes.iter().zip(&inboxes).flat_map(|(wish, inbox)| {
            let taken = inbox.iter().flat_map(|inbox| &inbox.taken);
            taken.map(|(message, delivery)| Moved {
                message: message.id,
                sender: message.sender.principal,
                recipient: wish.agent,
                state: delivery.state,
            })
        });
        self.tell_moved(moved.collect());
        for (asked, inbox) in asked.into_iter().zip(inboxes) {
            let agent = asked.question.agent;
            // Deleted this moment: its credential has ended, or is about to.
            let inbox = inbox.unwrap_or_default();
            if let Err(Ok(unheard)) = asked.answer(Ok(inbox))
                && !unheard.taken.is_empty()
            {
                give_back(store, agent, now).await;
            }
        }
    }

    async fn serve_acknowledgements(&self, store: &dyn Store, clock: &dyn Clock) {
        let Some(mut line) = self.acknowledgements.line() else {
            return;
        };
        while let Some(asked) = line.next(ACKNOWLEDGEMENTS).await {
            self.acknowledge(store, clock.now(), asked).await;
        }
    }

    async fn acknowledge(
        &self,
        store: &dyn Store,
        now: Timestamp,
        asked: Vec<Asked<AckWish, AckOutcome>>,
    ) {
        let wishes: Vec<AckWish> = asked.iter().map(|asked| asked.question.clone()).collect();
        let outcomes = match store.acknowledge_all(&wishes, now).await {
            Ok(outcomes) => outcomes,
            Err(error) => return fail(asked, &error.into()),
        };
        let moved = wishes.iter().zip(&outcomes).flat_map(|(wish, outcome)| {
            let done = outcome.iter().flatten();
            let read = done.filter(|one| one.effect == AckEffect::Now);
            read.map(|one| Moved {
                message: one.message,
                sender: one.sender,
                recipient: wish.agent,
                state: DeliveryState::Read { at: now },
            })
        });
        self.tell_moved(moved.collect());
        for (asked, outcome) in asked.into_iter().zip(outcomes) {
            // It is done, also when nobody hears of it.
            let _ = asked.answer(Ok(outcome));
        }
    }

    /// Tells of deliveries that moved together.
    pub(super) fn tell_moved(&self, moved: Vec<Moved>) {
        if !moved.is_empty() {
            self.tell(MessageEvent::Moved(moved.into()));
        }
    }
}

fn fail<Q, A>(asked: Vec<Asked<Q, A>>, failure: &Failure) {
    for asked in asked {
        // Whoever has gone needs no answer.
        let _ = asked.answer(Err(failure.clone()));
    }
}

/// What was taken this moment for a reader who has gone is free for the next one.
async fn give_back(store: &dyn Store, agent: AgentId, now: Timestamp) {
    let before = HandedOut {
        at: now.minus_ms(1),
        message: MessageId::from_bytes([0; 16]),
    };
    if let Err(error) = store.give_back(agent, before, now).await {
        tracing::warn!(%error, "what a reader left behind stays hidden for its time");
    }
}
