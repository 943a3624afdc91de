//! Cases about inboxes: whom a message reaches, what is taken, acknowledged, and failed.

use super::agents::create;
use super::messages::{post, take, wish, write};
use super::sample::{at, draft, event};
use crate::{
    AckEffect, DeliveryCounts, InboxWish, NotAcknowledgeable, Page, Settled, Store, StoreError,
    no_receipt,
};
use portunus_core::ids::{AgentId, MessageId};
use portunus_core::message::delivery::AckRefusal;
use portunus_core::message::terms::MAX_ATTEMPTS;
use portunus_core::message::{Audience, DeliveryState, FailureReason, Message, Target};
use portunus_core::push::HandedOut;

async fn counts(store: &dyn Store, id: MessageId, now: u64) -> [u64; 4] {
    let (_, counts) = store.message(id, at(now)).await.unwrap();
    let DeliveryCounts {
        queued,
        delivered,
        read,
        failed,
    } = counts;
    [queued, delivered, read, failed]
}

async fn state(store: &dyn Store, id: MessageId, agent: AgentId, now: u64) -> DeliveryState {
    let delivery = store.delivery(id, agent, at(now)).await.unwrap();
    delivery.unwrap().state
}

fn failed(millis: u64, reason: FailureReason) -> DeliveryState {
    DeliveryState::Failed {
        at: at(millis),
        reason,
    }
}

pub(super) async fn what_is_written_to_everyone_reaches_those_who_lived(store: &dyn Store) {
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
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
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    let first = write(store, 1, Target::Agent(clerk.id), &mayor, "one").await;
    let second = write(store, 2, Target::Agent(clerk.id), &mayor, "two").await;
    let one = InboxWish {
        limit: 1,
        ..wish(clerk.id, 300)
    };
    let taken = store.take_inbox(&one).await.unwrap().taken;
    assert_eq!((&*taken[0].0, taken[0].1.attempts), (&first, 1));
    assert_eq!(take(store, clerk.id, 400).await, [second.id]);
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
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
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
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    let board = post(store, 1, "diary", "").await;
    let on_it = write(store, 1, Target::Board(board.id), &mayor, "@clerk one").await;
    for attempt in 0..u64::from(MAX_ATTEMPTS) {
        let now = 30_100 + attempt * 1_000;
        assert_eq!(take(store, clerk.id, now).await, [on_it.id]);
    }
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
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    let first = write(store, 1, Target::Agent(clerk.id), &mayor, "one").await;
    assert_eq!(take(store, clerk.id, 200).await, [first.id]);
    let second = write(store, 3, Target::Agent(clerk.id), &mayor, "two").await;
    let early = store
        .acknowledge(clerk.id, &[first.id, second.id], at(400))
        .await;
    let refused = NotAcknowledgeable {
        message: second.id,
        refusal: AckRefusal::NotDelivered,
    };
    assert_eq!(early, Err(StoreError::NotAcknowledgeable(refused)));
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
    let refused = NotAcknowledgeable {
        message: to_all.id,
        refusal: AckRefusal::NotDelivered,
    };
    assert_eq!(unseen, Err(StoreError::NotAcknowledgeable(refused)));
}

pub(super) async fn time_fails_what_nobody_takes_or_acknowledges(store: &dyn Store) {
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    let town = post(store, 1, "town", "chat").await;
    // A sample lives for 50 s.
    let untaken = write(store, 1, Target::Agent(clerk.id), &mayor, "one").await;
    let untaken_by_all = write(store, 2, Target::Board(town.id), &mayor, "two").await;
    let expired = failed(50_100, FailureReason::Expired);
    assert_eq!(state(store, untaken.id, clerk.id, 50_100).await, expired);
    assert_eq!(counts(store, untaken_by_all.id, 50_199).await, [1, 0, 0, 0]);
    assert_eq!(counts(store, untaken_by_all.id, 50_200).await, [0, 0, 0, 1]);
    assert_eq!(store.settle_deliveries(at(50_099), 9).await, Ok(vec![]));
    let settled = store.settle_deliveries(at(50_100), 9).await.unwrap();
    let fact = |message: &Message, reason| Settled {
        message: message.id,
        sender: message.sender.principal,
        recipient: clerk.id,
        reason,
    };
    assert_eq!(settled, [fact(&untaken, FailureReason::Expired)]);
    assert_eq!(store.settle_deliveries(at(50_100), 9).await, Ok(vec![]));
    assert_eq!(state(store, untaken.id, clerk.id, 90_000).await, expired);
    assert_eq!(take(store, clerk.id, 60_000).await, []);
    let stubborn = write(store, 600, Target::Agent(clerk.id), &mayor, "three").await;
    for attempt in 0..u64::from(MAX_ATTEMPTS) {
        assert_eq!(
            take(store, clerk.id, 60_000 + attempt * 1_000).await,
            [stubborn.id]
        );
    }
    let last = 60_000 + u64::from(MAX_ATTEMPTS) * 1_000;
    assert_eq!(take(store, clerk.id, last).await, []);
    let settled = store.settle_deliveries(at(last), 9).await.unwrap();
    assert_eq!(settled, [fact(&stubborn, FailureReason::NotAcknowledged)]);
    let reason = FailureReason::NotAcknowledged;
    assert_eq!(
        state(store, stubborn.id, clerk.id, 90_000).await,
        failed(last, reason)
    );
    let late = store.acknowledge(clerk.id, &[stubborn.id], at(last)).await;
    let refused = NotAcknowledgeable {
        message: stubborn.id,
        refusal: AckRefusal::Failed(reason),
    };
    assert_eq!(late, Err(StoreError::NotAcknowledgeable(refused)));
}

pub(super) async fn what_is_hidden_fails_at_its_end_too(store: &dyn Store) {
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    // A sample lives for 50 s, and what is taken is hidden for one.
    let taken = write(store, 1, Target::Agent(clerk.id), &mayor, "one").await;
    assert_eq!(take(store, clerk.id, 49_600).await, [taken.id]);
    assert_eq!(counts(store, taken.id, 50_099).await, [0, 1, 0, 0]);
    let expired = failed(50_100, FailureReason::Expired);
    assert_eq!(state(store, taken.id, clerk.id, 50_100).await, expired);
    assert_eq!(counts(store, taken.id, 50_100).await, [0, 0, 0, 1]);
    let settled = store.settle_deliveries(at(50_100), 9).await.unwrap();
    let told: Vec<_> = settled
        .iter()
        .map(|one| (one.message, one.reason))
        .collect();
    assert_eq!(told, [(taken.id, FailureReason::Expired)]);
    let late = store.acknowledge(clerk.id, &[taken.id], at(50_200)).await;
    let refused = NotAcknowledgeable {
        message: taken.id,
        refusal: AckRefusal::Failed(FailureReason::Expired),
    };
    assert_eq!(late, Err(StoreError::NotAcknowledgeable(refused)));
}

/// Time had failed it before anybody wrote that down: its reason stays.
pub(super) async fn what_time_failed_first_keeps_its_reason(store: &dyn Store) {
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    let board = post(store, 1, "diary", "").await;
    let on_it = write(store, 1, Target::Board(board.id), &mayor, "@clerk one").await;
    for attempt in 0..u64::from(MAX_ATTEMPTS) {
        let now = 40_100 + attempt * 1_000;
        assert_eq!(take(store, clerk.id, now).await, [on_it.id]);
    }
    // Handed out for the last time at 49.1 s and hidden until its end.
    let gone = event("board.deleted", "diary");
    store
        .delete_board(board.id, at(60_000), &gone)
        .await
        .unwrap();
    let reason = FailureReason::NotAcknowledged;
    let failed = failed(50_100, reason);
    assert_eq!(state(store, on_it.id, clerk.id, 60_000).await, failed);
}

pub(super) async fn deleting_the_recipient_fails_what_it_did_not_read(store: &dyn Store) {
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    let town = post(store, 1, "town", "chat").await;
    let read = write(store, 1, Target::Agent(clerk.id), &mayor, "one").await;
    take(store, clerk.id, 200).await;
    store
        .acknowledge(clerk.id, &[read.id], at(300))
        .await
        .unwrap();
    let direct = write(store, 3, Target::Agent(clerk.id), &mayor, "two").await;
    let to_all = write(store, 4, Target::Board(town.id), &mayor, "three").await;
    let happened = event("agent.deleted", "clerk");
    store
        .delete_agent(clerk.id, at(500), &happened)
        .await
        .unwrap();
    let gone = failed(500, FailureReason::RecipientDeleted);
    for message in [&direct, &to_all] {
        assert_eq!(state(store, message.id, clerk.id, 600).await, gone);
        assert_eq!(counts(store, message.id, 600).await, [0, 0, 0, 1]);
    }
    assert_eq!(counts(store, read.id, 600).await, [0, 0, 1, 0]);
    let recipients = store
        .deliveries(to_all.id, at(600), Page::first(5))
        .await
        .unwrap();
    assert_eq!(recipients.items[0].name, clerk.name);
    // Whoever has the name now shares nothing with whoever had it.
    let other = create(store, 3, "clerk").await;
    assert_eq!(take(store, other.id, 700).await, []);
    assert_eq!(store.delivery(direct.id, other.id, at(700)).await, Ok(None));
}

pub(super) async fn deleting_a_board_fails_what_nobody_read(store: &dyn Store) {
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    let scout = create(store, 3, "scout").await;
    let town = post(store, 1, "town", "chat").await;
    let message = write(store, 1, Target::Board(town.id), &mayor, "@clerk hi").await;
    let happened = event("board.deleted", "town");
    store
        .delete_board(town.id, at(500), &happened)
        .await
        .unwrap();
    let gone = failed(500, FailureReason::BoardDeleted);
    assert_eq!(state(store, message.id, clerk.id, 600).await, gone);
    assert_eq!(state(store, message.id, scout.id, 600).await, gone);
    assert_eq!(take(store, scout.id, 600).await, []);
    assert_eq!(store.message(message.id, at(600)).await.unwrap().0, message);
    let again = store.delete_board(town.id, at(600), &happened).await;
    assert_eq!(again, Err(StoreError::NotFound));
    let anew = post(store, 2, "town", "").await;
    assert_eq!(store.board(anew.id).await.unwrap().last_number, 0);
}

pub(super) async fn a_full_inbox_fails_what_is_written_to_its_agent(store: &dyn Store) {
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    let scout = create(store, 3, "scout").await;
    let ops = post(store, 1, "ops", "").await;
    let append = |number, target, text: &'static str| {
        let mut draft = draft(number, target, &mayor, text, u64::from(number) * 100);
        draft.inbox_length = 2;
        async move { store.append(&draft, &no_receipt).await.unwrap() }
    };
    let first = append(1, Target::Agent(clerk.id), "one").await;
    append(2, Target::Board(ops.id), "@clerk two").await;
    let third = append(3, Target::Board(ops.id), "@clerk and @scout").await;
    assert_eq!((third.recipients, &third.named), (1, &vec![scout.id]));
    assert_eq!(third.full, [(clerk.id, clerk.name.clone())]);
    let third = third.message.id;
    let full = failed(300, FailureReason::InboxFull);
    assert_eq!(state(store, third, clerk.id, 400).await, full);
    assert_eq!(counts(store, third, 400).await, [1, 0, 0, 1]);
    let two = take(store, clerk.id, 400).await;
    assert_eq!((two.len(), two[0]), (2, first.message.id));
    // What is taken and not acknowledged takes room, and what is read takes none.
    let fourth = append(5, Target::Agent(clerk.id), "four").await;
    assert_eq!((fourth.recipients, fourth.full.len()), (0, 1));
    store
        .acknowledge(clerk.id, &two[..1], at(600))
        .await
        .unwrap();
    let fifth = append(7, Target::Agent(clerk.id), "five").await;
    assert_eq!((fifth.recipients, fifth.full.len()), (1, 0));
    let refused = store.acknowledge(clerk.id, &[third], at(800)).await;
    let refusal = AckRefusal::Failed(FailureReason::InboxFull);
    assert_eq!(
        refused,
        Err(StoreError::NotAcknowledgeable(NotAcknowledgeable {
            message: third,
            refusal
        }))
    );
}

pub(super) async fn what_is_written_to_everyone_waits_for_room(store: &dyn Store) {
    let (mayor, clerk) = (
        create(store, 1, "mayor").await,
        create(store, 2, "clerk").await,
    );
    let town = post(store, 1, "town", "chat").await;
    let mut written = Vec::new();
    for number in 1..=5 {
        let text = if number == 2 { "@clerk" } else { "hello" };
        written.push(
            write(store, number, Target::Board(town.id), &mayor, text)
                .await
                .id,
        );
    }
    let look = |now| {
        let wish = InboxWish {
            length: 3,
            ..wish(clerk.id, now)
        };
        async move { store.take_inbox(&wish).await.unwrap() }
    };
    let ids = |inbox: &crate::Inbox| -> Vec<MessageId> {
        inbox.taken.iter().map(|(message, _)| message.id).collect()
    };
    assert_eq!(ids(&look(600).await), written[..3]);
    let nothing = look(700).await;
    assert_eq!(
        (nothing.taken.len(), nothing.visible_at),
        (0, Some(at(1_600)))
    );
    assert_eq!(counts(store, written[3], 700).await, [1, 0, 0, 0]);
    store
        .acknowledge(clerk.id, &written[1..3], at(800))
        .await
        .unwrap();
    assert_eq!(ids(&look(900).await), written[3..]);
    // Whoever is deleted leaves nothing open, also of what had no room.
    let sixth = write(store, 10, Target::Board(town.id), &mayor, "hello")
        .await
        .id;
    assert_eq!(ids(&look(1_000).await), []);
    let happened = event("agent.deleted", "clerk");
    store
        .delete_agent(clerk.id, at(1_100), &happened)
        .await
        .unwrap();
    let gone = failed(1_100, FailureReason::RecipientDeleted);
    assert_eq!(state(store, sixth, clerk.id, 1_200).await, gone);
}
