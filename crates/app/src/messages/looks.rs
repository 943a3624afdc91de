//! Serves those who look into inboxes and those who acknowledge, many in one transaction: a message to everyone wakes every
//! reader at once, and who writes must not stand behind each of them.

use super::Messages;
use super::events::{MessageEvent, Moved};
use super::together::Asked;
use crate::failure::Failure;
use portunus_core::ids::AgentId;
use portunus_core::message::DeliveryState;
use portunus_core::push::HandedOut;
use portunus_core::time::{Clock, Timestamp};
use portunus_store::{AckEffect, AckOutcome, AckWish, Inbox, InboxWish, Store, StoreError};

/// Inboxes that are looked into in one transaction. It takes some milliseconds, for which others who write wait.
const INBOXES: usize = 1_000;
/// Acknowledgements in one transaction, each of many messages at most.
const ACKNOWLEDGEMENTS: usize = 500;

/// Those who could not be served together, and why.
type Unserved<Q, A> = (Vec<Asked<Q, A>>, StoreError);

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

    async fn look(&self, store: &dyn Store, now: Timestamp, mut asked: Vec<Asked<Look, Inbox>>) {
        // Whoever has gone meanwhile must not be handed anything.
        asked.retain(Asked::is_awaited);
        if let Err(unserved) = self.look_together(store, now, asked).await {
            for one in one_by_one(unserved) {
                if let Err(unserved) = self.look_together(store, now, vec![one]).await {
                    fail(unserved);
                }
            }
        }
    }

    async fn look_together(
        &self,
        store: &dyn Store,
        now: Timestamp,
        asked: Vec<Asked<Look, Inbox>>,
    ) -> Result<(), Unserved<Look, Inbox>> {
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
            Err(error) => return Err((asked, error)),
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
                give_back(store, agent, &unheard, now).await;
            }
        }
        Ok(())
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
        if let Err(unserved) = self.acknowledge_together(store, now, asked).await {
            for one in one_by_one(unserved) {
                if let Err(unserved) = self.acknowledge_together(store, now, vec![one]).await {
                    fail(unserved);
                }
            }
        }
    }

    async fn acknowledge_together(
        &self,
        store: &dyn Store,
        now: Timestamp,
        asked: Vec<Asked<AckWish, AckOutcome>>,
    ) -> Result<(), Unserved<AckWish, AckOutcome>> {
        let wishes: Vec<AckWish> = asked.iter().map(|asked| asked.question.clone()).collect();
        let outcomes = match store.acknowledge_all(&wishes, now).await {
            Ok(outcomes) => outcomes,
            Err(error) => return Err((asked, error)),
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
        Ok(())
    }

    /// Tells of deliveries that moved together.
    pub(super) fn tell_moved(&self, moved: Vec<Moved>) {
        if !moved.is_empty() {
            self.tell(MessageEvent::Moved(moved.into()));
        }
    }
}

/// Those who are served again, each alone: what is wrong with one of them is not the others' failure. Nobody, when the database
/// does not answer: then all of them fail.
fn one_by_one<Q, A>(unserved: Unserved<Q, A>) -> Vec<Asked<Q, A>> {
    if unserved.0.len() < 2 || matches!(unserved.1, StoreError::Unavailable(_)) {
        fail(unserved);
        return Vec::new();
    }
    tracing::warn!(error = %unserved.1, "inboxes are served one by one, because one of them fails");
    unserved.0
}

fn fail<Q, A>((asked, error): Unserved<Q, A>) {
    let failure = Failure::from(error);
    for asked in asked {
        // Whoever has gone needs no answer.
        let _ = asked.answer(Err(failure.clone()));
    }
}

/// What was taken this moment for a reader who has gone is free for the next one.
async fn give_back(store: &dyn Store, agent: AgentId, unheard: &Inbox, now: Timestamp) {
    let lost = unheard.taken.iter().map(|(message, _)| HandedOut {
        at: now,
        message: message.id,
    });
    let lost: Vec<HandedOut> = lost.collect();
    if let Err(error) = store.give_back(agent, &lost, now).await {
        tracing::warn!(%error, "what a reader left behind stays hidden for its time");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;
    use portunus_core::agent::{Agent, Principal};
    use portunus_core::audit::{Actor, AuditEvent};
    use portunus_core::credential::TokenRecord;
    use portunus_core::ids::{MessageId, OperatorId};
    use portunus_core::message::{Draft, Mentions, Sender, Tags, Target};
    use portunus_core::scope::ScopeSet;
    use portunus_core::token::{Pepper, TokenKind};
    use portunus_store::memory::MemoryStore;
    use portunus_store::{MessageStore, no_receipt};
    use portunus_testkit::TestClock;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    /// An agent with a message in its inbox.
    async fn mail(store: &MemoryStore) -> (AgentId, MessageId) {
        let agent = AgentId::from_bytes([1; 16]);
        let clerk = Agent::new(agent, "clerk".parse().unwrap(), ScopeSet::agent(), NOW);
        let minted = Pepper::new(1, &[7; 32]).mint(TokenKind::Agent, &[1; 44]);
        let whose = Principal::Agent(agent);
        let token = TokenRecord::new(minted.kid, minted.digest, whose, NOW);
        let event = AuditEvent {
            at: NOW,
            actor: Actor::Plane,
            action: "agent.created",
            subject: agent.to_string(),
            details: Vec::new(),
            receipt: None,
        };
        store.create_agent(&clerk, &token, &event).await.unwrap();
        let draft = Draft {
            id: MessageId::from_bytes([2; 16]),
            target: Target::Agent(agent),
            sender: Sender {
                principal: Principal::Operator(OperatorId::from_bytes([3; 16])),
                name: "operator".into(),
            },
            text: "tea".try_into().unwrap(),
            data: None,
            tags: Tags::default(),
            mentions: Mentions::default(),
            at: NOW,
            expires_at: NOW.plus_ms(60_000),
            inbox_length: 10,
            outbox_bytes: 1 << 20,
        };
        store.append(&draft, &no_receipt).await.unwrap();
        (agent, draft.id)
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_free_for_the_next_reader() {
        let (messages, store) = (Messages::default(), MemoryStore::default());
        let (agent, written) = mail(&store).await;
        let look = || Look {
            agent,
            limit: 5,
            visibility_ms: 60_000,
        };
        let mut line = messages.looks.line().unwrap();
        let mut gone = Box::pin(messages.looks.ask(look()));
        assert!(poll!(&mut gone).is_pending());
        let asked = line.next(9).await.unwrap();
        // It goes before anything is taken for it, so that nothing counts as an attempt.
        drop(gone);
        messages.look(&store, NOW, asked).await;
        let next = messages.looks.ask(look());
        let served = async {
            let asked = line.next(9).await.unwrap();
            messages.look(&store, NOW, asked).await;
        };
        let (found, ()) = tokio::join!(next, served);
        let taken = found.unwrap().taken;
        assert_eq!(taken.len(), 1);
        let (message, delivery) = &taken[0];
        assert_eq!((message.id, delivery.attempts), (written, 1));
    }

    #[tokio::test]
    async fn what_was_taken_for_one_who_went_then_is_free_at_once_as_the_same_attempt() {
        let (messages, store) = (Messages::default(), MemoryStore::default());
        let (agent, written) = mail(&store).await;
        let unheard = take(&messages, &store, agent).await;
        let wish = InboxWish {
            agent,
            limit: 5,
            now: NOW,
            visibility_ms: 60_000,
            length: 10,
        };
        let hidden = store.take_inbox(&wish).await.unwrap();
        assert!(hidden.taken.is_empty());
        give_back(&store, agent, &unheard, NOW).await;
        let next = store.take_inbox(&wish).await.unwrap();
        let [(message, delivery)] = next.taken.as_slice() else {
            panic!("{next:?}")
        };
        assert_eq!((message.id, delivery.attempts), (written, 1));
    }

    async fn take(messages: &Messages, store: &MemoryStore, agent: AgentId) -> Inbox {
        let mut line = messages.looks.line().unwrap();
        let look = Look {
            agent,
            limit: 5,
            visibility_ms: 60_000,
        };
        let served = async {
            let asked = line.next(9).await.unwrap();
            messages.look(store, NOW, asked).await;
        };
        let (found, ()) = tokio::join!(messages.looks.ask(look), served);
        found.unwrap()
    }

    #[tokio::test]
    async fn an_acknowledgement_is_carried_out_though_its_client_left_at_once() {
        let (messages, store) = (Messages::default(), MemoryStore::default());
        let (agent, written) = mail(&store).await;
        assert_eq!(take(&messages, &store, agent).await.taken.len(), 1);
        let wish = AckWish {
            agent,
            messages: vec![written],
        };
        let mut gone = Box::pin(messages.acknowledgements.ask(wish));
        assert!(poll!(&mut gone).is_pending());
        drop(gone);
        assert!(
            poll!(Box::pin(
                messages.serve_acknowledgements(&store, &TestClock::at(NOW))
            ))
            .is_pending()
        );
        let stands = store.delivery(written, agent, NOW).await.unwrap().unwrap();
        assert!(
            matches!(stands.state, DeliveryState::Read { .. }),
            "{stands:?}"
        );
    }

    #[tokio::test]
    async fn what_is_wrong_with_one_inbox_is_not_the_failure_of_others() {
        let (messages, store) = (Messages::default(), MemoryStore::default());
        let (agent, written) = mail(&store).await;
        let bad = AgentId::from_bytes([9; 16]);
        store.spoil(bad);
        let look = |agent| Look {
            agent,
            limit: 5,
            visibility_ms: 60_000,
        };
        let mut line = messages.looks.line().unwrap();
        let served = async {
            let asked = line.next(9).await.unwrap();
            assert_eq!(asked.len(), 2);
            messages.look(&store, NOW, asked).await;
        };
        let (worst, best) = (
            messages.looks.ask(look(bad)),
            messages.looks.ask(look(agent)),
        );
        let (worst, best, ()) = tokio::join!(biased; worst, best, served);
        assert!(matches!(worst, Err(Failure::Defect(_))), "{worst:?}");
        assert_eq!(best.unwrap().taken.len(), 1);
        let wish = |agent| AckWish {
            agent,
            messages: vec![written],
        };
        let mut line = messages.acknowledgements.line().unwrap();
        let served = async {
            let asked = line.next(9).await.unwrap();
            assert_eq!(asked.len(), 2);
            messages.acknowledge(&store, NOW, asked).await;
        };
        let worst = messages.acknowledgements.ask(wish(bad));
        let best = messages.acknowledgements.ask(wish(agent));
        let (worst, best, ()) = tokio::join!(biased; worst, best, served);
        assert!(matches!(worst, Err(Failure::Defect(_))), "{worst:?}");
        assert_eq!(best.unwrap().unwrap()[0].effect, AckEffect::Now);
    }
}
