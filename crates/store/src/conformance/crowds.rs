//! Cases about many inboxes in one transaction: each gets what it would get alone.

use super::agents::create;
use super::messages::{post, take, wish, write};
use super::sample::{agent, at, draft};
use crate::{AckEffect, AckWish, Inbox, InboxWish, NotAcknowledgeable, Store, no_receipt};
use portunus_core::agent::Agent;
use portunus_core::ids::MessageId;
use portunus_core::message::delivery::AckRefusal;
use portunus_core::message::{DeliveryState, Draft, Target};

fn ids(inbox: Option<&Inbox>) -> Vec<MessageId> {
    let taken = inbox.map(|inbox| &*inbox.taken).unwrap_or_default();
    taken.iter().map(|(message, _)| message.id).collect()
}

async fn fleet(store: &dyn Store, count: u32) -> Vec<Agent> {
    let mut fleet = Vec::new();
    for number in 0..count {
        fleet.push(create(store, 10 + number, &format!("worker-{number}")).await);
    }
    fleet
}

pub(super) async fn many_look_at_once_as_if_one_after_the_other(store: &dyn Store) {
    let mayor = create(store, 1, "mayor").await;
    let workers = fleet(store, 5).await;
    let town = Target::Board(post(store, 1, "town", "chat").await.id);
    let first = write(store, 1, town, &mayor, "hello").await;
    // The first one has it already, and the second is away.
    assert_eq!(take(store, workers[0].id, 200).await, [first.id]);
    let second = write(store, 2, town, &workers[2], "hello @worker-3").await;
    let nobody = agent(99, "nobody").id;
    let mut wishes: Vec<InboxWish> = workers.iter().map(|one| wish(one.id, 300)).collect();
    // One looks twice, and wants to see it again soon.
    wishes.extend([
        wish(nobody, 300),
        wish(mayor.id, 300),
        wish(workers[4].id, 300),
    ]);
    wishes[4].visibility_ms = 50;
    wishes.remove(1);
    let found = store.take_inboxes(&wishes).await.unwrap();
    let got: Vec<_> = found.iter().map(|inbox| ids(inbox.as_ref())).collect();
    let both = vec![first.id, second.id];
    let expected = [
        vec![second.id],
        vec![first.id],
        both.clone(),
        both.clone(),
        Vec::new(),
        vec![second.id],
        Vec::new(),
    ];
    assert_eq!(got, expected);
    assert_eq!(found[4], None, "nobody is there");
    let again = found[6].as_ref().unwrap().visible_at;
    assert_eq!(
        again,
        Some(at(350)),
        "what was handed out a moment before is hidden"
    );
    let hidden = |place: usize| found[place].as_ref().unwrap().visible_at;
    assert_eq!(hidden(0), Some(at(1_200)), "by an earlier look");
    assert_eq!((hidden(2), hidden(3)), (Some(at(1_300)), Some(at(350))));
    let (message, delivery) = &found[2].as_ref().unwrap().taken[0];
    let visible_at = at(1_300);
    let state = DeliveryState::Delivered {
        at: at(300),
        visible_at,
        counted_until: visible_at,
    };
    assert_eq!(
        (&**message, delivery.state, delivery.attempts),
        (&first, state, 1)
    );
    let alone = store
        .delivery(first.id, workers[3].id, at(340))
        .await
        .unwrap();
    assert_eq!(alone.unwrap().attempts, 1);
    // Whoever was away gets the same alone.
    assert_eq!(take(store, workers[1].id, 400).await, both);
    assert_eq!(store.take_inboxes(&[]).await, Ok(Vec::new()));
}

pub(super) async fn many_find_what_is_theirs_and_nothing_twice(store: &dyn Store) {
    let mayor = create(store, 1, "mayor").await;
    let workers = fleet(store, 3).await;
    let town = Target::Board(post(store, 1, "town", "chat").await.id);
    let named = write(store, 1, Target::Agent(workers[0].id), &mayor, "you").await;
    let mut shouted = Vec::new();
    for number in 2..6 {
        shouted.push(write(store, number, town, &mayor, "all").await.id);
    }
    let soon = draft(6, town, &mayor, "gone soon", 600);
    let soon = Draft {
        expires_at: at(650),
        ..soon
    };
    store.append(&soon, &no_receipt).await.unwrap();
    let wishes: Vec<_> = workers.iter().map(|one| wish(one.id, 700)).collect();
    let found = store.take_inboxes(&wishes).await.unwrap();
    let mut own = vec![named.id];
    own.extend(&shouted);
    assert_eq!(ids(found[0].as_ref()), own);
    assert_eq!(ids(found[1].as_ref()), shouted);
    let [one, two] = [1, 2].map(|at| found[at].as_ref().unwrap());
    assert_eq!(one, two);
    assert_eq!(store.message(soon.id, at(700)).await.unwrap().1.failed, 3);
    let nothing = store.take_inboxes(&wishes).await.unwrap();
    let hidden = Inbox {
        taken: Vec::new(),
        visible_at: Some(at(1_700)),
    };
    assert_eq!(nothing, vec![Some(hidden); 3]);
    // More than one asks for at a time waits its turn.
    let few = wishes.iter().map(|wish| InboxWish {
        limit: 3,
        now: at(1_700),
        ..*wish
    });
    let few: Vec<_> = few.collect();
    let again = store.take_inboxes(&few).await.unwrap();
    assert_eq!(ids(again[1].as_ref()), shouted[..3]);
    assert_eq!(again[1].as_ref().unwrap().taken[0].1.attempts, 2);
    let later = store.take_inboxes(&few[1..]).await.unwrap();
    assert_eq!(ids(later[0].as_ref()), shouted[3..]);
}

pub(super) async fn each_gets_as_many_as_it_asks_for(store: &dyn Store) {
    let mayor = create(store, 1, "mayor").await;
    let workers = fleet(store, 4).await;
    let town = Target::Board(post(store, 1, "town", "chat").await.id);
    let mut shouted = Vec::new();
    for number in 1..4 {
        shouted.push(write(store, number, town, &mayor, "all").await.id);
    }
    let limits = [1, 100, 2, 3];
    let expected = [
        (300, [0..1, 0..3, 0..2, 0..3]),
        (301, [1..2, 3..3, 2..3, 3..3]),
        (302, [2..3, 3..3, 3..3, 3..3]),
    ];
    for (now, expected) in expected {
        let wishes = workers.iter().zip(limits).map(|(one, limit)| InboxWish {
            limit,
            ..wish(one.id, now)
        });
        let wishes: Vec<_> = wishes.collect();
        let found = store.take_inboxes(&wishes).await.unwrap();
        let got: Vec<_> = found.iter().map(|inbox| ids(inbox.as_ref())).collect();
        let expected = expected.map(|range| shouted[range].to_vec());
        assert_eq!(got, expected, "at {now}");
    }
}

pub(super) async fn many_acknowledge_at_once_and_each_for_itself(store: &dyn Store) {
    let mayor = create(store, 1, "mayor").await;
    let workers = fleet(store, 3).await;
    let town = Target::Board(post(store, 1, "town", "chat").await.id);
    let first = write(store, 1, town, &mayor, "one").await.id;
    let second = write(store, 2, town, &mayor, "two").await.id;
    for worker in &workers[..2] {
        assert_eq!(take(store, worker.id, 300).await, [first, second]);
    }
    let wish = |worker: usize, messages: &[MessageId]| AckWish {
        agent: workers[worker].id,
        messages: messages.to_vec(),
    };
    let wishes = [
        wish(0, &[first, first]),
        wish(1, &[first, MessageId::from_bytes([9; 16])]),
        wish(2, &[second]),
        wish(0, &[second, first]),
        wish(1, &[second]),
    ];
    let done = store.acknowledge_all(&wishes, at(400)).await.unwrap();
    let effects = |place: usize| -> Vec<AckEffect> {
        let done = done[place].as_ref().unwrap();
        done.iter().map(|one| one.effect).collect()
    };
    assert_eq!(effects(0), [AckEffect::Now, AckEffect::Before]);
    assert_eq!(effects(3), [AckEffect::Now, AckEffect::Before]);
    assert_eq!(effects(4), [AckEffect::Now]);
    let refused = |place: usize, message, refusal| {
        let refused = Err(NotAcknowledgeable { message, refusal });
        assert_eq!(done[place], refused);
    };
    refused(1, MessageId::from_bytes([9; 16]), AckRefusal::NotYours);
    refused(2, second, AckRefusal::NotDelivered);
    let stands = store.delivery(first, workers[1].id, at(500)).await.unwrap();
    assert!(stands.unwrap().is_open(), "all of a wish or none");
    let stands = store.delivery(first, workers[0].id, at(500)).await.unwrap();
    let stands = stands.unwrap();
    assert_eq!(
        (stands.state, stands.attempts),
        (DeliveryState::Read { at: at(400) }, 1)
    );
    assert_eq!(store.acknowledge_all(&[], at(500)).await, Ok(Vec::new()));
}
