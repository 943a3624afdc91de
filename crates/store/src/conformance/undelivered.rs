//! Cases about messages that fail: by time, by a recipient or a board that is gone, by an inbox that is full.

use super::agents::{create, mayor_and_clerk};
use super::inboxes::{counts, failed, refused, state};
use super::messages::{post, take, take_to_the_last, wish, write};
use super::sample::{at, draft, event};
use crate::{InboxWish, Page, Settled, Store, StoreError, no_receipt};
use portunus_core::ids::MessageId;
use portunus_core::message::delivery::AckRefusal;
use portunus_core::message::terms::MAX_ATTEMPTS;
use portunus_core::message::{FailureReason, Message, Target};

pub(super) async fn time_fails_what_nobody_takes_or_acknowledges(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
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
    take_to_the_last(store, clerk.id, stubborn.id, 60_000).await;
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
    assert_eq!(late, refused(stubborn.id, AckRefusal::Failed(reason)));
}

pub(super) async fn what_is_hidden_fails_at_its_end_too(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
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
    assert_eq!(
        late,
        refused(taken.id, AckRefusal::Failed(FailureReason::Expired))
    );
}

/// Time had failed it before anybody wrote that down: its reason stays.
pub(super) async fn what_time_failed_first_keeps_its_reason(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let board = post(store, 1, "diary", "").await;
    let on_it = write(store, 1, Target::Board(board.id), &mayor, "@clerk one").await;
    take_to_the_last(store, clerk.id, on_it.id, 40_100).await;
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
    let (mayor, clerk) = mayor_and_clerk(store).await;
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
    let (mayor, clerk) = mayor_and_clerk(store).await;
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
    let (mayor, clerk) = mayor_and_clerk(store).await;
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
    let late = store.acknowledge(clerk.id, &[third], at(800)).await;
    let full = AckRefusal::Failed(FailureReason::InboxFull);
    assert_eq!(late, refused(third, full));
}

pub(super) async fn what_is_written_to_everyone_waits_for_room(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
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
