//! Cases about inboxes: whom a message reaches, what is taken, acknowledged, and failed.

use super::agents::{create, mayor_and_clerk};
use super::messages::{post, take, take_to_the_last, wish, write};
use super::sample::{at, draft, event};
use crate::{
    AckEffect, DeliveryCounts, Inbox, InboxWish, NotAcknowledgeable, Page, Store, StoreError,
    no_receipt,
};
use portunus_core::ids::{AgentId, MessageId};
use portunus_core::message::delivery::AckRefusal;
use portunus_core::message::{Audience, DeliveryState, FailureReason, Target};
use portunus_core::push::HandedOut;

pub(super) async fn counts(store: &dyn Store, id: MessageId, now: u64) -> [u64; 4] {
    let (_, counts) = store.message(id, at(now)).await.unwrap();
    let DeliveryCounts {
        queued,
        delivered,
        read,
        failed,
    } = counts;
    [queued, delivered, read, failed]
}

pub(super) async fn state(
    store: &dyn Store,
    id: MessageId,
    agent: AgentId,
    now: u64,
) -> DeliveryState {
    let delivery = store.delivery(id, agent, at(now)).await.unwrap();
    delivery.unwrap().state
}

pub(super) fn failed(millis: u64, reason: FailureReason) -> DeliveryState {
    DeliveryState::Failed {
        at: at(millis),
        reason,
    }
}

/// The refusal to acknowledge one message.
pub(super) fn refused<T>(message: MessageId, refusal: AckRefusal) -> crate::Result<T> {
    let refused = NotAcknowledgeable { message, refusal };
    Err(StoreError::NotAcknowledgeable(refused))
}

pub(super) async fn what_is_written_to_everyone_reaches_those_who_lived(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let chat = post(store, 1, "town", "chat").await;
    let early = draft(1, Target::Board(chat.id), &mayor, "hello @clerk", 100);
    let appended = store.append(&early, &no_receipt).await.unwrap();
    assert_eq!(
        (appended.message.audience, appended.recipients),
        (Audience::Everyone, 1)
    );
    let scout = create(store, 3, "scout").await;
    let ops = post(store, 2, "ops", "").await;
    let late = write(store, 2, Target::Board(ops.id), &mayor, "@all: tea").await;
    assert_eq!(counts(store, late.id, 300).await, [2, 0, 0, 0]);
    let early = early.id;
    assert_eq!(take(store, scout.id, 300).await, [late.id]);
    assert_eq!(take(store, clerk.id, 300).await, [early, late.id]);
    assert_eq!(take(store, mayor.id, 300).await, []);
    assert_eq!(counts(store, early, 300).await, [0, 1, 0, 0]);
    assert_eq!(counts(store, late.id, 300).await, [0, 2, 0, 0]);
    let page = store
        .deliveries(late.id, at(300), Page::first(1))
        .await
        .unwrap();
    assert_eq!(page.items[0].name, clerk.name);
    let rest = Page {
        after: page.next,
        limit: 5,
    };
    let rest = store.deliveries(late.id, at(300), rest).await.unwrap();
    assert_eq!((rest.items[0].agent, rest.items.len()), (scout.id, 1));
}

pub(super) async fn what_is_taken_is_hidden_and_acknowledged_once(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let first = write(store, 1, Target::Agent(clerk.id), &mayor, "one").await;
    let second = write(store, 2, Target::Agent(clerk.id), &mayor, "two").await;
    let one = InboxWish {
        limit: 1,
        ..wish(clerk.id, 300)
    };
    let Inbox { taken, visible_at } = store.take_inbox(&one).await.unwrap();
    assert_eq!((&*taken[0].0, taken[0].1.attempts), (&first, 1));
    assert_eq!(visible_at, Some(at(1_300)), "what was just taken is hidden");
    let rest = store.take_inbox(&wish(clerk.id, 400)).await.unwrap();
    assert_eq!(
        (rest.taken[0].0.id, rest.taken.len()),
        (second.id, 1),
        "the other one"
    );
    assert_eq!(rest.visible_at, Some(at(1_300)), "what was hidden before");
    let nothing = store.take_inbox(&wish(clerk.id, 500)).await.unwrap();
    assert_eq!(
        (nothing.taken.len(), nothing.visible_at),
        (0, Some(at(1_300)))
    );
    let both = [first.id, second.id, first.id];
    let done = store.acknowledge(clerk.id, &both, at(600)).await.unwrap();
    let effects: Vec<_> = done.iter().map(|one| one.effect).collect();
    assert_eq!(effects, [AckEffect::Now, AckEffect::Now, AckEffect::Before]);
    let again = store
        .acknowledge(clerk.id, &[second.id], at(700))
        .await
        .unwrap();
    assert_eq!(again[0].effect, AckEffect::Before);
    let read = DeliveryState::Read { at: at(600) };
    assert_eq!(state(store, second.id, clerk.id, 700).await, read);
    assert_eq!(take(store, clerk.id, 9_000).await, []);
    let empty = store.take_inbox(&wish(clerk.id, 9_000)).await.unwrap();
    assert_eq!(empty.visible_at, None);
}

pub(super) async fn what_never_arrived_is_taken_again_at_once(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let mut ids = Vec::new();
    for number in 1..=4 {
        let text = format!("number {number}");
        let message = write(store, number, Target::Agent(clerk.id), &mayor, &text).await;
        ids.push(message.id);
    }
    let two = InboxWish {
        limit: 2,
        ..wish(clerk.id, 500)
    };
    assert_eq!(store.take_inbox(&two).await.unwrap().taken.len(), 2);
    assert_eq!(take(store, clerk.id, 600).await, ids[2..]);
    // The first arrived, and the connection broke.
    let of = |millis, number: usize| HandedOut {
        at: at(millis),
        message: ids[number],
    };
    let lost = [of(500, 1), of(600, 2), of(600, 3)];
    let free = async |agent: AgentId, lost: &[HandedOut], now: u64| {
        let freed = store.give_back(agent, lost, at(now));
        freed.await.unwrap()
    };
    assert_eq!(free(mayor.id, &lost, 700).await, 0);
    let other = [of(501, 1), of(500, 2)];
    assert_eq!(free(clerk.id, &other, 700).await, 0, "handed out otherwise");
    assert_eq!(free(clerk.id, &lost, 700).await, 3);
    assert_eq!(free(clerk.id, &lost, 700).await, 0);
    let again = store.take_inbox(&wish(clerk.id, 700)).await.unwrap();
    let again: Vec<_> = again
        .taken
        .iter()
        .map(|(message, own)| (message.id, own.attempts))
        .collect();
    assert_eq!(
        again,
        ids[1..].iter().map(|id| (*id, 1)).collect::<Vec<_>>(),
        "the same attempt, while it would be hidden"
    );
    store
        .acknowledge(clerk.id, &ids[1..2], at(800))
        .await
        .unwrap();
    assert_eq!(free(clerk.id, &lost, 900).await, 0, "another has it");
    let lost = [of(700, 1), of(700, 2), of(700, 3)];
    assert_eq!(free(clerk.id, &lost, 900).await, 2);
    let visible = [ids[0], ids[2], ids[3]];
    assert_eq!(take(store, clerk.id, 1_599).await, visible);
    let attempts = async || {
        let stands = store.delivery(ids[2], clerk.id, at(1_600)).await.unwrap();
        stands.unwrap().attempts
    };
    assert_eq!(attempts().await, 1);
    assert_eq!(free(clerk.id, &[of(1_599, 2)], 1_600).await, 1);
    assert_eq!(take(store, clerk.id, 1_600).await, ids[2..3]);
    assert_eq!(attempts().await, 2);
}

pub(super) async fn a_last_attempt_that_never_arrived_lasts_as_long_as_any(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let board = post(store, 1, "diary", "").await;
    let on_it = write(store, 1, Target::Board(board.id), &mayor, "@clerk one").await;
    take_to_the_last(store, clerk.id, on_it.id, 30_100).await;
    for (taken, lost) in [(39_100, 39_200), (39_300, 39_400)] {
        let lost_at = HandedOut {
            at: at(taken),
            message: on_it.id,
        };
        let freed = store.give_back(clerk.id, &[lost_at], at(lost)).await;
        assert_eq!(freed, Ok(1));
        if lost == 39_200 {
            assert_eq!(take(store, clerk.id, 39_300).await, [on_it.id]);
        }
    }
    let free = DeliveryState::Delivered {
        at: at(39_300),
        visible_at: at(39_400),
        counted_until: at(40_100),
    };
    assert_eq!(state(store, on_it.id, clerk.id, 40_099).await, free);
    let failed = failed(40_100, FailureReason::NotAcknowledged);
    assert_eq!(state(store, on_it.id, clerk.id, 40_100).await, failed);
    let gone = event("board.deleted", "diary");
    store
        .delete_board(board.id, at(45_000), &gone)
        .await
        .unwrap();
    assert_eq!(state(store, on_it.id, clerk.id, 45_000).await, failed);
}

pub(super) async fn all_are_acknowledged_or_none(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let first = write(store, 1, Target::Agent(clerk.id), &mayor, "one").await;
    assert_eq!(take(store, clerk.id, 200).await, [first.id]);
    let second = write(store, 3, Target::Agent(clerk.id), &mayor, "two").await;
    let early = store
        .acknowledge(clerk.id, &[first.id, second.id], at(400))
        .await;
    assert_eq!(early, refused(second.id, AckRefusal::NotDelivered));
    let foreign = store.acknowledge(mayor.id, &[first.id], at(400)).await;
    let not_yours = |message| {
        let refusal = AckRefusal::NotYours;
        Err(StoreError::NotAcknowledgeable(NotAcknowledgeable {
            message,
            refusal,
        }))
    };
    assert_eq!(foreign, not_yours(first.id));
    let nothing = MessageId::from_bytes([9; 16]);
    let unknown = store
        .acknowledge(clerk.id, &[first.id, nothing], at(400))
        .await;
    assert_eq!(unknown, not_yours(nothing));
    assert_eq!(counts(store, first.id, 400).await, [0, 1, 0, 0]);
    let town = post(store, 1, "town", "chat").await;
    let to_all = write(store, 5, Target::Board(town.id), &mayor, "hi").await;
    let unseen = store.acknowledge(clerk.id, &[to_all.id], at(600)).await;
    assert_eq!(unseen, refused(to_all.id, AckRefusal::NotDelivered));
}
