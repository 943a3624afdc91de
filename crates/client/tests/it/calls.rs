//! Calls on a plane that is not always there: failover, changes that happen once, the token itself where there is no access
//! token.

use crate::memory::{Behaviour, access, json, pass, problem};
use crate::plant::{HOST, Plant};
use portunus_client::{Bearer, Error, Lost, WriteMessage};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

fn hello() -> WriteMessage {
    WriteMessage {
        text: "hello".into(),
        data: None,
        tags: None,
        expires_in_ms: None,
    }
}

#[tokio::test(start_paused = true)]
async fn p10_a_message_whose_reply_is_lost_is_written_once() {
    let plant = Plant::new().await;
    let mayor = plant.client(&plant.agent("mayor").await);
    let clerk = plant.client(&plant.agent("clerk").await);
    mayor.whoami().await.unwrap();
    plant.up_without_replies();
    let sending = tokio::spawn({
        let mayor = mayor.clone();
        async move { mayor.send("clerk", &hello()).await }
    });
    pass(5).await;
    plant.up();
    let written = sending.await.unwrap().unwrap();
    let inbox = clerk.inbox(&Default::default()).await.unwrap();
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].message.id, written.message.id);
    let sent = plant.network.seen_at("/api/v1/agents/clerk/messages");
    assert!(sent.len() > 1);
    let key = sent[0].header("idempotency-key");
    assert!(!key.is_empty());
    assert!(sent.iter().all(|one| one.header("idempotency-key") == key));
    mayor.send("clerk", &hello()).await.unwrap();
    let sent = plant.network.seen_at("/api/v1/agents/clerk/messages");
    let other = sent.last().unwrap();
    assert_ne!(
        other.header("idempotency-key"),
        key,
        "another message has another key"
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_address_is_asked_when_one_is_away_and_stays() {
    let plant = Plant::new().await;
    let token = plant.agent("mayor").await;
    let client = plant
        .builder(&token)
        .planes(["http://second.test"])
        .build()
        .unwrap();
    plant
        .network
        .script("second.test", |_| problem(503, "draining", None));
    client.whoami().await.unwrap();
    assert!(!plant.network.dialled().contains(&"second.test".to_owned()));
    plant.down();
    // The same plane under another name; its database is the same too.
    let mut second = plant;
    second.restart().await;
    let router = portunus_http::router(second.plane.clone());
    second.down();
    second.network.host("second.test", Behaviour::Plane(router));
    let began = Instant::now();
    client.whoami().await.unwrap();
    assert!(
        began.elapsed() < Duration::from_millis(10),
        "nobody waits for a pause"
    );
    let dialled = second.network.dialled().len();
    client.whoami().await.unwrap();
    assert_eq!(
        second.network.dialled().len(),
        dialled,
        "the connection is kept"
    );
}

#[tokio::test(start_paused = true)]
async fn when_no_address_answers_the_error_says_so_and_how_sure_it_is() {
    let plant = Plant::new().await;
    let token = plant.agent("mayor").await;
    let client = plant
        .builder(&token)
        .planes(["http://second.test"])
        .build()
        .unwrap();
    plant.down();
    let began = Instant::now();
    let Err(Error::Unanswered { lost, .. }) = client.send("mayor", &hello()).await else {
        panic!()
    };
    assert!(!lost.may_have_arrived());
    assert!(began.elapsed() <= Duration::from_secs(65));
    plant.up();
    client.whoami().await.unwrap();
    plant.up_without_replies();
    let Err(Error::Unanswered { lost, .. }) = client.send("mayor", &hello()).await else {
        panic!()
    };
    assert!(matches!(lost, Lost::Broken(_)) && lost.may_have_arrived());
}

#[tokio::test(start_paused = true)]
async fn without_access_tokens_the_token_itself_says_who_asks() {
    let plant = Plant::new().await;
    let client = plant.client("ptna_token");
    plant
        .network
        .script(HOST, |asked| match asked.path.as_str() {
            "/api/v1/token" => json(
                503,
                json!({"error": "temporarily_unavailable", "error_description": "the database"}),
            ),
            _ => json(
                200,
                json!({"kind": "agent", "id": "agt_1", "name": "mayor", "kid": "k", "scopes": []}),
            ),
        });
    client.whoami().await.unwrap();
    let seen = plant.network.seen_at("/api/v1/whoami");
    assert_eq!(seen[0].header("authorization"), "Bearer ptna_token");
    // The plane is not asked for an access token before each request while it has none.
    let before = plant.network.seen_at("/api/v1/token").len();
    for _ in 0..10 {
        client.whoami().await.unwrap();
    }
    assert_eq!(plant.network.seen_at("/api/v1/token").len(), before);
    assert!(matches!(client.bearer().await.unwrap(), Bearer::Token(_)));
    plant.network.script(HOST, |_| access("eyJ.one", 600));
    pass(60).await;
    assert_eq!(client.bearer().await.unwrap().expose(), "eyJ.one");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_refused_takes_no_access_tokens_place() {
    let plant = Plant::new().await;
    let client = plant.client("ptna_token");
    let ended = |_: &_| {
        let says = json!({"error": "invalid_client", "error_description": "it has ended"});
        json(401, says)
    };
    plant.network.script(HOST, ended);
    for asked in 1..=3 {
        let refused = client.bearer().await;
        assert!(matches!(refused, Err(Error::Rejected(_))), "{refused:?}");
        assert_eq!(plant.network.seen_at("/api/v1/token").len(), asked);
    }
    // Another one does while the plane gives no access tokens, until it is refused as well.
    client.replace_token("ptna_next").unwrap();
    let unable = |_: &_| {
        let says = json!({"error": "temporarily_unavailable", "error_description": "the database"});
        json(503, says)
    };
    plant.network.script(HOST, unable);
    let next = client.bearer().await.unwrap();
    assert_eq!(next.expose(), "ptna_next");
    plant.network.script(HOST, ended);
    assert_eq!(client.bearer().await.unwrap().expose(), "ptna_next");
    client.bearer_refused(&next);
    let refused = client.bearer().await;
    assert!(matches!(refused, Err(Error::Rejected(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_waits_for_its_first_message_longer_than_a_request_may_take() {
    let plant = Plant::new().await;
    let token = plant.agent("clerk").await;
    let clerk = plant
        .builder(&token)
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let mayor = plant.client(&plant.agent("mayor").await);
    let reading = tokio::spawn(async move {
        let query = portunus_client::InboxQuery {
            wait_ms: Some(30_000),
            ..Default::default()
        };
        clerk.inbox(&query).await
    });
    pass(20).await;
    mayor.send("clerk", &hello()).await.unwrap();
    assert_eq!(reading.await.unwrap().unwrap().len(), 1);
}
