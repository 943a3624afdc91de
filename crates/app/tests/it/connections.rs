//! P4: who follows the protocol never holds an access token that is over: 25 hours on one connection, and over breaks.

use crate::access_tokens::{decode, parts};
use crate::plane::Stage;
use portunus_app::Session;
use portunus_app::push::{End, Fallen, Subscription, Tokens, Told, Wanted, Window, Work};
use portunus_core::message::terms::VISIBILITY_MS;
use portunus_core::push::Line;
use portunus_core::secret::Secret;
use std::collections::HashSet;
use std::time::Duration;

/// Who waits to be woken is so by then; a wait that nobody ends ends by itself later.
const WOKEN: Duration = Duration::from_secs(10);

const STEP: Duration = Duration::from_secs(10);
const DAY_AND_AN_HOUR: u32 = 25 * 360;

pub(crate) async fn connect(
    stage: &Stage,
    session: Session,
    cursor: Option<String>,
) -> Subscription {
    let mut line = Line::challenged(stage.plane.push().terms(), stage.plane.tick());
    line.connect().unwrap();
    let wanted = Wanted {
        topics: None,
        cursor,
        tokens: Tokens::Kept,
        visibility_ms: VISIBILITY_MS,
        window: Window::default(),
    };
    Subscription::open(&stage.plane, session, line, wanted)
        .await
        .unwrap()
}

/// A client that acknowledges what it gets, or breaks off before it can.
struct Client {
    subscription: Subscription,
    access: Option<Secret>,
    pushed: u32,
}

impl Client {
    async fn look(&mut self) -> Result<(), End> {
        self.subscription.hear();
        let work = self.subscription.work().await?;
        for event in work.events {
            if let Told::Credential(issued) = event.told {
                self.access = Some(issued.token.clone());
                self.pushed += 1;
            }
            self.subscription.acknowledge(event.seq).unwrap();
        }
        Ok(())
    }
}

#[tokio::test]
async fn p4_a_token_is_kept_in_access_tokens_for_25_hours() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    let subscription = connect(&stage, session, None).await;
    let mut client = Client {
        subscription,
        access: None,
        pushed: 0,
    };
    client.look().await.unwrap();
    for step in 0..DAY_AND_AN_HOUR {
        stage.clock.advance(STEP);
        let held = client
            .access
            .clone()
            .expect("it has one from the first moment");
        let proven = stage.prove(&held).await;
        assert!(proven.is_ok(), "after {step} steps: {proven:?}");
        assert_eq!(
            proven.unwrap().principal,
            client.subscription.session().principal
        );
        client.look().await.unwrap();
    }
    // Each lives ten minutes and is renewed at half of that.
    assert!((280..360).contains(&client.pushed), "{}", client.pushed);
}

#[tokio::test]
async fn p4_what_was_pushed_and_lost_is_pushed_again_and_nobody_is_taken_for_a_thief() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let first = portunus_app::access::exchange(&stage.plane, token, None)
        .await
        .unwrap();
    let mut held = first.token.clone();
    let mut subscription = connect(&stage, stage.prove(&held).await.unwrap(), None).await;
    for step in 0..3 * 360_u32 {
        stage.clock.advance(STEP);
        let session = stage.prove(&held).await;
        let session = session.unwrap_or_else(|error| panic!("after {step} steps: {error:?}"));
        subscription.hear();
        let work = subscription.work().await.unwrap();
        let mut is_lost = false;
        for event in work.events {
            if let Told::Credential(issued) = event.told {
                // Every second one is lost with the connection.
                is_lost = step % 2 == 1;
                if !is_lost {
                    held = issued.token.clone();
                }
            }
            if !is_lost {
                subscription.acknowledge(event.seq).unwrap();
            }
        }
        if is_lost {
            subscription = connect(&stage, session, None).await;
        }
    }
}

/// Access tokens among what is told, with the numbers of their events.
fn pushed(work: Work) -> Vec<(u64, Secret)> {
    let pushed = work
        .events
        .into_iter()
        .filter_map(|event| match event.told {
            Told::Credential(issued) => Some((event.seq, issued.token)),
            _ => None,
        });
    pushed.collect()
}

/// The public handle of an access token, without using it.
fn jti(token: &Secret) -> String {
    let [_, claims, _] = parts(token.expose());
    decode(&claims)["jti"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn p4_what_is_not_acknowledged_is_said_once_and_any_copy_of_it_counts_as_its_use() {
    const STEP: Duration = Duration::from_millis(50);
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let mut subscription = connect(&stage, stage.prove(&token).await.unwrap(), None).await;
    let mut told = pushed(subscription.work().await.unwrap());
    // The client is away for 12 minutes.
    for _ in 0..12 * 60 * 20 {
        stage.clock.advance(STEP);
        subscription.hear();
        told.extend(pushed(subscription.work().await.unwrap()));
    }
    // The first, its successor at half of that one's life, and the successor with a new life.
    let jtis: Vec<String> = told.iter().map(|(_, token)| jti(token)).collect();
    assert_eq!(jtis.len(), 3, "{jtis:?}");
    assert!(jtis[0] != jtis[1] && jtis[1] == jtis[2], "{jtis:?}");
    assert_ne!(told[1].1.expose(), told[2].1.expose());
    // It comes back and acknowledges one after the other; nothing is filled up behind it.
    for (seq, _) in &told[..2] {
        subscription.acknowledge(*seq).unwrap();
        let more = pushed(subscription.work().await.unwrap());
        assert!(more.is_empty(), "{more:?}");
    }
    assert!(stage.prove(&told[2].1).await.is_ok());
    let next = loop {
        stage.clock.advance(STEP);
        subscription.hear();
        let more = pushed(subscription.work().await.unwrap());
        if let [(_, next)] = more.as_slice() {
            break next.clone();
        }
        assert!(more.is_empty(), "{more:?}");
    };
    assert_ne!(jti(&next), jtis[2], "it was in use");
    assert!(stage.prove(&next).await.is_ok());
}

#[tokio::test]
async fn an_access_token_that_nobody_acknowledges_leaves_room_for_messages() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let mut subscription = connect(&stage, stage.prove(&token).await.unwrap(), None).await;
    let mut told = pushed(subscription.work().await.unwrap());
    for _ in 0..4 * 360 {
        stage.clock.advance(STEP);
        subscription.hear();
        told.extend(pushed(subscription.work().await.unwrap()));
    }
    let texts: HashSet<&str> = told.iter().map(|(_, token)| token.expose()).collect();
    assert_eq!(texts.len(), told.len(), "none came twice");
    assert!(told.len() <= 1 + 16, "{}", told.len());
    assert!(subscription.line().has_room());
    // Once it acknowledges it gets one that lasts, at once.
    let (last, _) = told.last().unwrap();
    subscription.acknowledge(*last).unwrap();
    let wait = tokio::time::timeout(WOKEN, subscription.wait());
    wait.await.expect("the next one is due");
    let more = pushed(subscription.work().await.unwrap());
    let [(_, next)] = more.as_slice() else {
        panic!("{more:?}")
    };
    assert!(stage.prove(next).await.is_ok());
}

#[tokio::test]
async fn p5_an_operator_who_holds_less_is_told_at_once() {
    use portunus_app::operators::{self, Force};
    use portunus_core::operator::{Authority, Role};
    let stage = Stage::new().await;
    let boss = stage.prove(&stage.operator_token).await.unwrap();
    let everything = Authority::everything();
    let ann = operators::create(
        &stage.plane,
        boss.clone(),
        "ann".parse().unwrap(),
        everything,
        None,
    );
    let ann = ann.await.unwrap();
    let session = stage.prove(&ann.token).await.unwrap();
    let mut subscription = connect(&stage, session, None).await;
    let mut narrow = async |authority: Authority| {
        subscription.work().await.unwrap();
        let id = ann.operator.id.to_string();
        let narrowed = operators::update(&stage.plane, boss.clone(), id, authority, Force::No);
        narrowed.await.unwrap();
        let wait = tokio::time::timeout(WOKEN, subscription.wait());
        wait.await.expect("it is woken");
        subscription.work().await
    };
    let work = narrow(Authority::of(Role::Viewer)).await.unwrap();
    let told = work.events.first().map(|event| &event.told);
    assert!(matches!(told, Some(Told::Account(_))), "{told:?}");
    let less = Authority::new(None, Some("usage.read".parse().unwrap())).unwrap();
    let end = narrow(less).await;
    assert!(matches!(end, Err(End::Scope(_))), "{end:?}");
}

#[tokio::test]
async fn p4_a_connection_on_an_access_token_goes_on_with_another_one_that_is_presented() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let first = portunus_app::access::exchange(&stage.plane, token.clone(), None)
        .await
        .unwrap();
    let session = stage.prove(&first.token).await.unwrap();
    let subscription = connect(&stage, session, None).await;
    let mut client = Client {
        subscription,
        access: Some(first.token),
        pushed: 0,
    };
    let mut end = None;
    for _ in 0..DAY_AND_AN_HOUR {
        stage.clock.advance(STEP);
        if let Err(why) = client.look().await {
            end = Some(why);
            break;
        }
    }
    assert_eq!(
        end,
        Some(End::Fallen(Fallen::AccessOver)),
        "its family lives a day"
    );
    let another = portunus_app::access::exchange(&stage.plane, token, None)
        .await
        .unwrap();
    let session = stage.prove(&another.token).await.unwrap();
    client.subscription.present(session).unwrap();
    client.look().await.unwrap();
    let other = stage.agent("clerk").await;
    let somebody = stage.prove(&other).await.unwrap();
    assert!(client.subscription.present(somebody).is_err(), "P6");
}

#[tokio::test]
async fn p5_a_connection_ends_with_its_credential_and_says_whether_there_is_a_successor() {
    use portunus_app::tokens::{self, rotate::Overlap};
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    let mut client = Client {
        subscription: connect(&stage, session, None).await,
        access: None,
        pushed: 0,
    };
    client.look().await.unwrap();
    let at_once = Overlap::from_millis(0).unwrap();
    let rotated = tokens::rotate(&stage.plane, stage.operator, "mayor".into(), at_once)
        .await
        .unwrap();
    client.subscription.wait().await;
    assert_eq!(client.look().await, Err(End::Fallen(Fallen::Rotated)));
    let session = stage.prove(&rotated.token).await.unwrap();
    client.subscription = connect(&stage, session.clone(), None).await;
    client.look().await.unwrap();
    tokens::revoke(&stage.plane, stage.operator, session.kid, tokens::Force::No)
        .await
        .unwrap();
    client.subscription.wait().await;
    assert_eq!(client.look().await, Err(End::Fallen(Fallen::Revoked)));
    drop(client);
    assert!(stage.plane.push().is_empty());
}

#[tokio::test]
async fn p9_whatever_comes_over_a_connection_is_a_sign_of_life() {
    use portunus_app::liveness::{Beat, beat};
    use portunus_core::liveness::Status;
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    let promise = Beat {
        cadence: Some("30s".parse().unwrap()),
        ..Beat::default()
    };
    let heard = beat(&stage.plane, &session, promise).await.unwrap();
    let mut subscription = connect(&stage, session, None).await;
    let look = async || {
        // An observer that looks up more rarely takes itself for absent in between.
        stage.clock.advance(Duration::from_secs(1));
        stage.plane.liveness().look_up().await.unwrap();
        let life = stage.plane.liveness().of(heard.agent).await.unwrap();
        life.status
    };
    for second in 0..1200 {
        // A pong, say.
        if second % 20 == 0 {
            subscription.hear();
        }
        assert_eq!(look().await, Status::Online);
    }
    for _ in 0..45 {
        look().await;
    }
    assert_eq!(look().await, Status::Offline);
}

#[tokio::test]
async fn nothing_is_left_of_ten_thousand_connections() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    for round in 0..10_000_u32 {
        let mut subscription = connect(&stage, session.clone(), None).await;
        if round % 100 == 0 {
            subscription.work().await.unwrap();
        }
    }
    assert!(stage.plane.push().is_empty());
    assert_eq!(stage.plane.push().counts().open, 0);
}
