//! Cases about what senders see of their messages.

use super::agents::{create, mayor_and_clerk};
use super::messages::{post, take, write};
use super::sample::{at, event};
use crate::{Authored, DeliveryCounts, Sent, Store, Undoing};
use portunus_core::agent::Principal;
use portunus_core::ids::MessageId;
use portunus_core::message::{Message, Target};

fn seen(sent: &[Sent]) -> Vec<(MessageId, [u64; 4])> {
    let of = |counts: DeliveryCounts| [counts.queued, counts.delivered, counts.read, counts.failed];
    sent.iter()
        .map(|one| (one.message, of(one.counts)))
        .collect()
}

pub(super) async fn a_sender_sees_its_newest_messages_as_they_stand(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    create(store, 3, "scout").await;
    let ops = post(store, 1, "ops", "").await;
    let own = |id| Principal::Agent(id);
    assert_eq!(store.sent(own(mayor.id), at(900), 5).await, Ok(vec![]));
    let first = write(store, 1, Target::Agent(clerk.id), &mayor, "one").await;
    let others = write(store, 2, Target::Agent(mayor.id), &clerk, "two").await;
    let second = write(store, 3, Target::Board(ops.id), &mayor, "@all: tea").await;
    take(store, clerk.id, 400).await;
    store
        .acknowledge(clerk.id, &[first.id], at(500))
        .await
        .unwrap();
    let newest = store.sent(own(mayor.id), at(900), 5).await.unwrap();
    let stands = [(second.id, [1, 1, 0, 0]), (first.id, [0, 0, 1, 0])];
    assert_eq!(seen(&newest), stands);
    assert_eq!((&newest[0].place, newest[0].at), (&second.place, second.at));
    let one = store.sent(own(mayor.id), at(900), 1).await.unwrap();
    assert_eq!(seen(&one), &stands[..1]);
    // In the order of asking; what is not there is left out.
    let nowhere = MessageId::from_bytes([9; 16]);
    let asked = [first.id, nowhere, second.id, others.id];
    let found = store.standings(&asked, at(900)).await.unwrap();
    let ids: Vec<MessageId> = found.iter().map(|one| one.message).collect();
    assert_eq!(ids, [first.id, second.id, others.id]);
    assert_eq!(seen(&found)[1], stands[0]);
}

pub(super) async fn what_fails_in_a_crowd_is_told_of_each_message(store: &dyn Store) {
    let (mayor, clerk) = mayor_and_clerk(store).await;
    let (town, ops) = (
        post(store, 1, "town", "chat").await,
        post(store, 2, "ops", "").await,
    );
    let of = |messages: &[&Message]| {
        let authored = messages.iter().map(|message| Authored {
            message: message.id,
            sender: Principal::Agent(mayor.id),
        });
        Ok(authored.collect::<Vec<_>>())
    };
    // A sample lives for 50 s.
    let to_all = write(store, 1, Target::Board(town.id), &mayor, "one").await;
    let named = write(store, 2, Target::Board(ops.id), &mayor, "@clerk two").await;
    let noted = write(store, 3, Target::Board(ops.id), &mayor, "three").await;
    let direct = write(store, 4, Target::Agent(clerk.id), &mayor, "four").await;
    let time = |after, until| {
        let (after, until) = (at(after), at(until));
        store.undone(Undoing::Time { after, until })
    };
    assert_eq!(time(0, 50_099).await, Ok(vec![]));
    assert_eq!(time(50_099, 50_100).await, of(&[&to_all]));
    assert_eq!(time(50_100, 90_000).await, Ok(vec![]), "it is known");
    let gone = event("board.deleted", "ops");
    store.delete_board(ops.id, at(500), &gone).await.unwrap();
    let undone = store.undone(Undoing::Board(ops.id)).await;
    assert_eq!(undone, of(&[&named]), "{} reached nobody", noted.id);
    let gone = event("board.deleted", "town");
    store.delete_board(town.id, at(600), &gone).await.unwrap();
    assert_eq!(store.undone(Undoing::Board(town.id)).await, of(&[&to_all]));
    assert_eq!(time(0, 90_000).await, Ok(vec![]), "it has failed before");
    let gone = event("agent.deleted", "clerk");
    store.delete_agent(clerk.id, at(700), &gone).await.unwrap();
    let undone = store.undone(Undoing::Recipient(clerk.id)).await;
    assert_eq!(undone, of(&[&direct]));
}
