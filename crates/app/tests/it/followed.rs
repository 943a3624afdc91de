//! What whoever writes messages is told of them over a connection that stays open.

use crate::plane::Stage;
use portunus_app::messages::append::{Address, Wish};
use portunus_app::messages::{acknowledge, append, boards, inbox};
use portunus_app::push::{Followed, Subscription, Told, Topic, Wanted};
use portunus_app::{Session, agents};
use portunus_core::ids::{BoardId, MessageId};
use portunus_core::message::{DeliveryState, FailureReason, Tags};
use portunus_core::push::{Line, Terms};
use portunus_store::DeliveryCounts;
use std::time::Duration;

/// Who waits to be woken is so by then; a wait that nobody ends ends by itself later.
const WOKEN: Duration = Duration::from_secs(10);

const ROUND: Duration = Duration::from_secs(1);

async fn follow(stage: &Stage, session: &Session, topics: &[Topic]) -> Subscription {
    let line = Line::one_way(stage.plane.push().terms(), stage.plane.tick());
    let wanted = Wanted {
        topics: Some(topics.to_vec()),
        visibility_ms: 60_000,
        ..Wanted::default()
    };
    let open = Subscription::open(&stage.plane, session.clone(), line, wanted);
    open.await.unwrap()
}

#[derive(Default)]
struct Heard {
    deliveries: Option<Vec<Followed>>,
    gone: Vec<BoardId>,
}

/// What is told until it is enough.
async fn hear(open: &mut Subscription, is_enough: impl Fn(&Heard) -> bool) -> Heard {
    let mut heard = Heard::default();
    while !is_enough(&heard) {
        let wait = tokio::time::timeout(WOKEN, open.wait());
        wait.await.expect("something to tell");
        let work = open.work().await.unwrap();
        for event in work.events {
            open.acknowledge(event.seq).unwrap();
            match event.told {
                Told::Deliveries(items) => {
                    heard.deliveries.get_or_insert_default().extend(items);
                }
                Told::BoardGone(id) => heard.gone.push(id),
                _ => {}
            }
        }
    }
    heard
}

async fn hear_deliveries(open: &mut Subscription) -> Vec<Followed> {
    let heard = hear(open, |heard| heard.deliveries.is_some()).await;
    heard.deliveries.unwrap()
}

async fn write(stage: &Stage, sender: &Session, to: Address, text: &str) -> MessageId {
    let wish = Wish {
        to,
        text: text.to_owned(),
        data: None,
        tags: Tags::default(),
        expires_in_ms: Some(600_000),
    };
    let written = append(&stage.plane, sender.clone(), wish).await;
    written.unwrap().message.id
}

async fn take(stage: &Stage, reader: &Session) -> usize {
    let wanted = inbox::Wanted {
        limit: 20,
        wait_ms: 0,
        visibility_ms: 60_000,
    };
    let taken = inbox::take(&stage.plane, reader, wanted).await.unwrap();
    taken.len()
}

async fn session(stage: &Stage, name: &str) -> Session {
    let token = stage.agent(name).await;
    stage.prove(&token).await.unwrap()
}

fn agent(name: &str) -> Address {
    Address::Agent(name.to_owned())
}

const fn counted(counts: DeliveryCounts) -> [u64; 4] {
    [counts.queued, counts.delivered, counts.read, counts.failed]
}

/// The only message that is told of.
fn only(mut told: Vec<Followed>) -> Followed {
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

#[tokio::test]
async fn a_sender_hears_that_its_message_is_delivered_and_read() {
    let stage = Stage::new().await;
    let (mayor, clerk) = (
        session(&stage, "mayor").await,
        session(&stage, "clerk").await,
    );
    let message = write(&stage, &mayor, agent("clerk"), "one").await;
    let mut open = follow(&stage, &mayor, &[Topic::Deliveries]).await;
    let state = only(hear_deliveries(&mut open).await);
    assert_eq!((state.sent.message, state.moved.len()), (message, 0));
    assert_eq!(counted(state.sent.counts), [1, 0, 0, 0]);
    assert_eq!(take(&stage, &clerk).await, 1);
    let told = only(hear_deliveries(&mut open).await);
    assert_eq!(counted(told.sent.counts), [0, 1, 0, 0]);
    assert_eq!(told.moved[0].name.as_deref(), Some("clerk"));
    assert!(matches!(
        told.moved[0].state,
        DeliveryState::Delivered { .. }
    ));
    stage.clock.advance(ROUND);
    let done = acknowledge(&stage.plane, &clerk, vec![message]).await;
    done.unwrap();
    let told = only(hear_deliveries(&mut open).await);
    assert_eq!(counted(told.sent.counts), [0, 0, 1, 0]);
    assert!(matches!(told.moved[0].state, DeliveryState::Read { .. }));
    assert!(!told.has_more);
}

#[tokio::test]
async fn whoever_has_no_room_sleeps_though_there_is_news() {
    let stage = Stage::new().await;
    let (mayor, clerk) = (
        session(&stage, "mayor").await,
        session(&stage, "clerk").await,
    );
    let terms = Terms {
        max_unacknowledged: 1,
        ..stage.plane.push().terms()
    };
    let wanted = Wanted {
        topics: Some(vec![Topic::Deliveries]),
        ..Wanted::default()
    };
    let line = Line::one_way(terms, stage.plane.tick());
    let open = Subscription::open(&stage.plane, mayor.clone(), line, wanted);
    let mut open = open.await.unwrap();
    let told = open.work().await.unwrap().events;
    assert_eq!(told.len(), 1);
    write(&stage, &mayor, agent("clerk"), "one").await;
    assert_eq!(take(&stage, &clerk).await, 1);
    // Rung once it has the news.
    open.wait().await;
    assert_eq!(open.work().await.unwrap().events.len(), 0);
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let mut wakes = 0;
    while began.elapsed() < ROUND {
        open.wait().await;
        assert_eq!(open.work().await.unwrap().events.len(), 0);
        wakes += 1;
    }
    assert!(wakes < 10, "{wakes}");
    stage.clock.advance(ROUND);
    open.acknowledge(told[0].seq).unwrap();
    let heard = only(hear_deliveries(&mut open).await);
    assert_eq!(counted(heard.sent.counts), [0, 1, 0, 0]);
}

#[tokio::test]
async fn a_sender_hears_why_its_message_failed() {
    let stage = Stage::new().await;
    let (mayor, _clerk) = (
        session(&stage, "mayor").await,
        session(&stage, "clerk").await,
    );
    let (name, tags) = ("town".parse().unwrap(), "chat".parse().unwrap());
    let town = boards::create(&stage.plane, stage.operator, name, String::new(), tags);
    let town = town.await.unwrap();
    let mut open = follow(&stage, &mayor, &[Topic::Deliveries, Topic::Boards]).await;
    assert_eq!(hear_deliveries(&mut open).await.len(), 0);
    // Time fails it; for those who never looked too.
    write(&stage, &mayor, agent("clerk"), "one").await;
    write(&stage, &mayor, Address::Board("town".to_owned()), "two").await;
    stage.clock.advance(Duration::from_secs(601));
    let mut failed = Vec::new();
    while failed.len() < 2 {
        failed.extend(hear_deliveries(&mut open).await);
        stage.clock.advance(ROUND);
    }
    failed.sort_by_key(|told| told.moved.len());
    assert_eq!(counted(failed[0].sent.counts), [0, 0, 0, 1]);
    assert!(failed[0].has_more, "nobody looked at each of them");
    let reason = FailureReason::Expired;
    assert!(
        matches!(failed[1].moved[0].state, DeliveryState::Failed { reason: why, .. } if why == reason)
    );
    // So does the end of its board, and of its recipient.
    let third = write(&stage, &mayor, Address::Board("town".to_owned()), "three").await;
    let gone = boards::delete(&stage.plane, stage.operator, "town".to_owned());
    gone.await.unwrap();
    let both = |heard: &Heard| heard.deliveries.is_some() && !heard.gone.is_empty();
    let heard = hear(&mut open, both).await;
    assert_eq!(heard.gone, [town.id]);
    let told = only(heard.deliveries.unwrap());
    assert_eq!((told.sent.message, told.has_more), (third, true));
    assert_eq!(counted(told.sent.counts), [0, 0, 0, 1]);
    stage.clock.advance(ROUND);
    let fourth = write(&stage, &mayor, agent("clerk"), "four").await;
    let gone = agents::delete(&stage.plane, stage.operator, "clerk".to_owned());
    gone.await.unwrap();
    let told = only(hear_deliveries(&mut open).await);
    assert_eq!((told.sent.message, told.has_more), (fourth, true));
    assert_eq!(counted(told.sent.counts), [0, 0, 0, 1]);
}

#[tokio::test]
async fn a_message_to_very_many_is_a_few_events_to_its_sender() {
    const AGENTS: u64 = 300;
    let stage = Stage::new().await;
    let boss = stage.prove(&stage.operator_token).await.unwrap();
    let name = "ops".parse().unwrap();
    let ops = boards::create(
        &stage.plane,
        stage.operator,
        name,
        String::new(),
        Tags::default(),
    );
    ops.await.unwrap();
    let mut readers = Vec::new();
    for number in 0..AGENTS {
        readers.push(session(&stage, &format!("reader-{number}")).await);
    }
    let mut open = follow(&stage, &boss, &[Topic::Deliveries]).await;
    hear_deliveries(&mut open).await;
    let ops = Address::Board("ops".to_owned());
    write(&stage, &boss, ops, "@all hands").await;
    for reader in &readers {
        assert_eq!(take(&stage, reader).await, 1);
    }
    // However fast they are, there is one event in each round of a second.
    let mut rounds = 0;
    loop {
        let told = only(hear_deliveries(&mut open).await);
        assert!(told.moved.len() <= 20, "{}", told.moved.len());
        rounds += 1;
        stage.clock.advance(ROUND);
        if counted(told.sent.counts) == [0, AGENTS, 0, 0] {
            break;
        }
    }
    assert!(rounds < 10, "{rounds}");
}

#[tokio::test]
async fn p6_nobody_hears_what_becomes_of_somebody_elses_messages() {
    let stage = Stage::new().await;
    let (mayor, clerk) = (
        session(&stage, "mayor").await,
        session(&stage, "clerk").await,
    );
    write(&stage, &mayor, agent("clerk"), "one").await;
    let mut open = follow(&stage, &clerk, &[Topic::Deliveries]).await;
    assert_eq!(hear_deliveries(&mut open).await.len(), 0);
    take(&stage, &clerk).await;
    let own = write(&stage, &clerk, agent("mayor"), "two").await;
    take(&stage, &mayor).await;
    let told = only(hear_deliveries(&mut open).await);
    assert_eq!(told.sent.message, own);
}
