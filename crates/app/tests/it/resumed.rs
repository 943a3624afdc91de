//! What comes again over a connection that stays open, and over the next one behind a cursor.

use crate::fleet::fleet;
use crate::plane::Stage;
use portunus_app::messages::append::{Address, Wish};
use portunus_app::messages::{append, inbox};
use portunus_app::push::{Subscription, Told, Topic, Wanted, Window};
use portunus_app::{Session, tokens};
use portunus_core::ids::{AgentId, MessageId};
use portunus_core::message::Tags;
use portunus_core::push::Line;
use portunus_core::scope::Scope;
use portunus_core::secret::Secret;
use portunus_store::memory::Outage;
use std::collections::HashSet;
use std::time::Duration;

/// Who waits to be woken is so by then; a wait that nobody ends ends by itself later.
const WOKEN: Duration = Duration::from_secs(10);

/// For how long a pushed message is hidden.
const HIDDEN: Duration = Duration::from_secs(2);

/// Longer than a connection lets a database rest that failed.
const PAUSE: Duration = Duration::from_secs(2);

struct Client<'s> {
    stage: &'s Stage,
    session: Session,
    topics: Vec<Topic>,
    window: Window,
}

impl<'s> Client<'s> {
    async fn of(stage: &'s Stage, token: &Secret, topics: &[Topic]) -> Self {
        Self {
            stage,
            session: stage.prove(token).await.unwrap(),
            topics: topics.to_vec(),
            window: Window::default(),
        }
    }

    async fn operator(stage: &'s Stage, topics: &[Topic]) -> Self {
        Self::of(stage, &stage.operator_token, topics).await
    }

    async fn agent(stage: &'s Stage, name: &str) -> Self {
        let token = stage.agent(name).await;
        Self::of(stage, &token, &[Topic::Inbox]).await
    }

    async fn open(&self, cursor: Option<&str>) -> Option<Subscription> {
        let plane = &self.stage.plane;
        let wanted = Wanted {
            topics: Some(self.topics.clone()),
            cursor: cursor.map(str::to_owned),
            visibility_ms: u64::try_from(HIDDEN.as_millis()).unwrap(),
            window: self.window,
            ..Wanted::default()
        };
        let line = Line::one_way(plane.push().terms(), plane.tick());
        let opened = Subscription::open(plane, self.session.clone(), line, wanted);
        opened.await.ok()
    }
}

/// What was told at once: cursors with what came, all of it acknowledged.
async fn heard(open: &mut Subscription) -> Vec<(String, Told)> {
    let work = open.work().await.unwrap();
    let mut heard = Vec::new();
    for event in work.events {
        open.acknowledge(event.seq).unwrap();
        heard.push((event.cursor, event.told));
    }
    heard
}

/// The same, when the connection has something to do by itself.
async fn heard_when_woken(open: &mut Subscription) -> Vec<(String, Told)> {
    let wait = tokio::time::timeout(WOKEN, open.wait());
    wait.await.expect("it looks by itself");
    heard(open).await
}

fn agents(heard: &[(String, Told)]) -> HashSet<AgentId> {
    let parts = heard.iter().filter_map(|(_, told)| match told {
        Told::Agents(lines) => Some(lines),
        _ => None,
    });
    parts.flatten().map(|line| line.id).collect()
}

fn messages(heard: &[(String, Told)]) -> Vec<(MessageId, u32)> {
    let messages = heard.iter().filter_map(|(_, told)| match told {
        Told::Message(message, delivery) => Some((message.id, delivery.attempts)),
        _ => None,
    });
    messages.collect()
}

async fn write(stage: &Stage, to: &str) -> MessageId {
    let sender = stage.prove(&stage.operator_token).await.unwrap();
    let wish = Wish {
        to: Address::Agent(to.to_owned()),
        text: "hello".to_owned(),
        data: None,
        tags: Tags::default(),
        expires_in_ms: Some(600_000),
    };
    let written = append(&stage.plane, sender, wish).await;
    written.unwrap().message.id
}

/// Takes what is in the inbox, hidden for so long.
async fn take(client: &Client<'_>, hidden: Duration) -> usize {
    let wanted = inbox::Wanted {
        limit: 20,
        wait_ms: 0,
        visibility_ms: u64::try_from(hidden.as_millis()).unwrap(),
    };
    let taken = inbox::take(&client.stage.plane, &client.session, wanted).await;
    taken.unwrap().len()
}

#[tokio::test]
async fn a_cursor_from_the_middle_of_the_state_brings_all_of_it_again() {
    let stage = Stage::new().await;
    for number in 0..450 {
        stage.agent(&format!("worker-{number}")).await;
    }
    let client = Client::operator(&stage, &[Topic::Agents]).await;
    let mut open = client.open(None).await.unwrap();
    let first = heard(&mut open).await;
    let kinds: Vec<_> = first.iter().map(|(_, told)| told).collect();
    assert!(
        matches!(
            kinds.as_slice(),
            [
                Told::Account(_),
                Told::Agents(_),
                Told::Agents(_),
                Told::Agents(_),
                Told::Synced { .. }
            ]
        ),
        "{kinds:?}"
    );
    let all = agents(&first);
    assert_eq!(all.len(), 450);
    for (cursor, told) in &first[..3] {
        let mut open = client.open(Some(cursor)).await.unwrap();
        assert!(!open.is_resumed(), "behind {told:?}");
        assert_eq!(agents(&heard(&mut open).await), all, "behind {told:?}");
    }
    for (cursor, told) in &first[3..] {
        let mut open = client.open(Some(cursor)).await.unwrap();
        assert!(open.is_resumed(), "behind {told:?}");
        assert!(agents(&heard(&mut open).await).is_empty(), "{told:?}");
    }
}

#[tokio::test]
async fn who_comes_back_for_other_topics_gets_their_state() {
    let stage = Stage::new().await;
    stage.agent("mayor").await;
    let last = async |client: &Client<'_>, cursor: Option<&str>| {
        let mut open = client.open(cursor).await.unwrap();
        let all = heard(&mut open).await;
        (
            open.is_resumed(),
            agents(&all).len(),
            all.last().unwrap().0.clone(),
        )
    };
    let narrow = Client::operator(&stage, &[Topic::Notifications]).await;
    let wide = Client::operator(&stage, &[Topic::Agents, Topic::Notifications]).await;
    let silent = Client::operator(&stage, &[Topic::Deliveries]).await;
    let (_, _, cursor) = last(&narrow, None).await;
    let (is_resumed, told, cursor) = last(&wide, Some(&cursor)).await;
    assert_eq!((is_resumed, told), (false, 1));
    let (is_resumed, told, cursor) = last(&wide, Some(&cursor)).await;
    assert_eq!((is_resumed, told), (true, 0));
    // Fewer topics are known whole, and the others are forgotten.
    let (is_resumed, _, cursor) = last(&narrow, Some(&cursor)).await;
    assert!(is_resumed);
    let (is_resumed, told, cursor) = last(&wide, Some(&cursor)).await;
    assert_eq!((is_resumed, told), (false, 1));
    let (is_resumed, _, cursor) = last(&silent, Some(&cursor)).await;
    assert!(is_resumed, "nothing of it is told as a state");
    let (is_resumed, told, _) = last(&wide, Some(&cursor)).await;
    assert_eq!((is_resumed, told), (false, 1));
}

#[tokio::test]
async fn what_is_not_read_is_pushed_again_on_the_same_connection() {
    let stage = Stage::new().await;
    let mayor = Client::agent(&stage, "mayor").await;
    let message = write(&stage, "mayor").await;
    let mut open = mayor.open(None).await.unwrap();
    assert_eq!(messages(&heard(&mut open).await), [(message, 1)]);
    for attempt in 2..4 {
        assert_eq!(messages(&heard(&mut open).await), [], "it is hidden");
        stage.clock.advance(HIDDEN);
        let again = heard_when_woken(&mut open).await;
        assert_eq!(messages(&again), [(message, attempt)]);
    }
}

#[tokio::test]
async fn what_somebody_else_let_lie_is_pushed_although_another_message_came() {
    let stage = Stage::new().await;
    let mayor = Client::agent(&stage, "mayor").await;
    let left = write(&stage, "mayor").await;
    assert_eq!(take(&mayor, Duration::from_secs(1)).await, 1);
    // One connection hears of the other message by its first look, and one later.
    let mut early = mayor.open(None).await.unwrap();
    assert_eq!(messages(&heard(&mut early).await), []);
    let other = write(&stage, "mayor").await;
    let told = heard_when_woken(&mut early).await;
    assert_eq!(messages(&told), [(other, 1)]);
    stage.clock.advance(Duration::from_secs(1));
    let told = heard_when_woken(&mut early).await;
    assert_eq!(messages(&told), [(left, 2)]);
    drop(early);

    let clerk = Client::agent(&stage, "clerk").await;
    let left = write(&stage, "clerk").await;
    assert_eq!(take(&clerk, Duration::from_secs(1)).await, 1);
    let other = write(&stage, "clerk").await;
    let mut late = clerk.open(None).await.unwrap();
    assert_eq!(messages(&heard(&mut late).await), [(other, 1)]);
    stage.clock.advance(Duration::from_secs(1));
    let told = heard_when_woken(&mut late).await;
    assert_eq!(messages(&told), [(left, 2)]);
}

#[tokio::test]
async fn as_many_as_may_be_unread_come_again_when_nobody_reads_them() {
    let stage = Stage::new().await;
    let mut mayor = Client::agent(&stage, "mayor").await;
    mayor.window = Window::of(Some(2)).unwrap();
    let mut written = Vec::new();
    for _ in 0..3 {
        written.push(write(&stage, "mayor").await);
    }
    let mut open = mayor.open(None).await.unwrap();
    let first = [(written[0], 1), (written[1], 1)];
    assert_eq!(messages(&heard(&mut open).await), first);
    assert_eq!(messages(&heard(&mut open).await), [], "no room");
    stage.clock.advance(HIDDEN);
    let again = heard_when_woken(&mut open).await;
    assert_eq!(messages(&again), first.map(|(id, _)| (id, 2)));
}

#[tokio::test]
async fn an_account_that_could_not_be_told_is_told_first_when_the_database_answers() {
    let mut stage = Stage::new().await;
    let fleet = fleet(&stage).await;
    // While a fleet is loaded, how an agent stands takes the database.
    stage.plane = stage.restarted().await;
    stage.store.outage(Outage::Begins);
    let agent = Client::of(&stage, &fleet[0][0], &[Topic::Inbox]).await;
    let mut open = agent.open(None).await.unwrap();
    assert!(heard(&mut open).await.is_empty());
    stage.store.outage(Outage::Ends);
    stage.clock.advance(PAUSE);
    // At once, before anything else rings. Once it is loaded it may stand otherwise, and that is told too.
    let told = heard(&mut open).await;
    assert!(
        matches!(told.first(), Some((_, Told::Account(_)))),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_connection_that_met_a_failing_database_lets_it_rest_and_asks_again_soon() {
    let stage = Stage::new().await;
    stage.agent("mayor").await;
    let client = Client::operator(&stage, &[Topic::Agents]).await;
    let mut open = client.open(None).await.unwrap();
    stage.store.outage(Outage::Begins);
    let told = heard(&mut open).await;
    assert!(matches!(told[..], [(_, Told::Account(_))]), "{told:?}");
    stage.store.outage(Outage::Ends);
    assert!(heard(&mut open).await.is_empty(), "the database rests");
    stage.clock.advance(PAUSE);
    let told = heard_when_woken(&mut open).await;
    assert_eq!(agents(&told).len(), 1);
    assert!(
        matches!(told.last(), Some((_, Told::Synced { .. }))),
        "{told:?}"
    );
}

#[tokio::test]
async fn what_was_lost_comes_again_at_once_though_the_database_failed_in_between() {
    let stage = Stage::new().await;
    let mayor = Client::agent(&stage, "mayor").await;
    let message = write(&stage, "mayor").await;
    let mut open = mayor.open(None).await.unwrap();
    let told = heard(&mut open).await;
    assert_eq!(messages(&told), [(message, 1)]);
    drop(open);
    let account = &told[0].0;
    stage.store.outage(Outage::Begins);
    assert!(mayor.open(Some(account)).await.is_none());
    stage.store.outage(Outage::Ends);
    let mut open = mayor.open(Some(account)).await.unwrap();
    let again = heard(&mut open).await;
    assert_eq!(messages(&again), [(message, 1)], "the same attempt");
    drop(open);
    let mut other = mayor.open(Some(&again[0].0)).await.unwrap();
    assert_eq!(messages(&heard(&mut other).await), [(message, 1)]);
}

#[tokio::test]
async fn p5_whose_credential_fell_may_do_nothing_over_an_open_connection() {
    const READ: Scope = Scope {
        resource: "inbox",
        verb: "ack",
    };
    let stage = Stage::new().await;
    let mayor = Client::agent(&stage, "mayor").await;
    let open = mayor.open(None).await.unwrap();
    assert!(open.may(READ));
    let revoked = tokens::revoke(
        &stage.plane,
        stage.operator,
        mayor.session.kid,
        tokens::Force::No,
    );
    revoked.await.unwrap();
    assert!(!open.may(READ));
}
