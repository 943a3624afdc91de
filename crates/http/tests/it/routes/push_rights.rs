//! What a connection may not hear: the text of boards without the scope of messages, and anything by somebody else's cursor.

use super::push::connected;
use crate::api::Api;
use http::Method;
use portunus_testkit::{Heard, Socket};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::block_in_place as talk;

fn connect(address: &str, members: Value) -> (Socket, Heard) {
    let mut socket = Socket::open(address, "/api/v1/push", &[]).unwrap();
    let heard = socket.connect(members);
    (socket, heard)
}

async fn hold(api: &Api, agent: &str, scopes: &[&str]) {
    let path = format!("/api/v1/agents/{agent}");
    let change = Some(json!({ "scopes": scopes }));
    api.call(Method::PATCH, &path, change).await.is(200);
}

async fn board(api: &Api, name: &str) {
    api.post("/api/v1/boards", json!({ "name": name }))
        .await
        .is(201);
}

async fn write(api: &Api, board: &str, text: &str) {
    let path = format!("/api/v1/boards/{board}/messages");
    api.post(&path, json!({ "text": text })).await.is(201);
}

/// What comes of boards until one is described so.
fn until_described(socket: &mut Socket, description: &str) -> Vec<Value> {
    let mut heard = Vec::new();
    loop {
        let Heard::Frame(frame) = socket.hear() else {
            panic!("it ended: {heard:?}")
        };
        let is_last = frame["data"]["items"][0]["description"] == description;
        heard.push(frame);
        if is_last {
            return heard;
        }
    }
}

async fn describe(api: &Api, board: &str, description: &str) {
    let path = format!("/api/v1/boards/{board}");
    let change = Some(json!({ "description": description }));
    api.call(Method::PATCH, &path, change).await.is(200);
}

fn messages(heard: &[Value]) -> usize {
    let messages = heard.iter().filter(|one| one["event"] == "board.message");
    messages.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_on_boards_takes_the_scope_of_messages() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    board(&api, "diary").await;
    let all = ["self.*", "boards.read", "messages.read"];
    hold(&api, "mayor", &all[..2]).await;
    let wanted = json!({"token": mayor, "topics": ["boards"]});
    let mut socket = talk(|| connected(&address, wanted));
    talk(|| socket.event("synced")).unwrap();
    write(&api, "diary", "noon").await;
    describe(&api, "diary", "first").await;
    let heard = talk(|| until_described(&mut socket, "first"));
    assert_eq!(messages(&heard), 0, "{heard:?}");
    // It is told from when the scope is given, and not any more when it is taken away.
    hold(&api, "mayor", &all).await;
    write(&api, "diary", "evening").await;
    let message = talk(|| socket.event("board.message")).unwrap();
    assert_eq!(message["data"]["text"], "evening");
    hold(&api, "mayor", &all[..2]).await;
    write(&api, "diary", "night").await;
    describe(&api, "diary", "second").await;
    let heard = talk(|| until_described(&mut socket, "second"));
    assert_eq!(messages(&heard), 0, "{heard:?}");
}

fn cursor_of(event: &Value) -> String {
    event["cursor"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_cursor_that_is_made_up_or_somebody_elses_is_refused() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let wanted = |token: &str, cursor: &str| json!({"token": token, "cursor": cursor});
    let mut socket = talk(|| connected(&address, json!({ "token": mayor })));
    let own = cursor_of(&talk(|| socket.event("synced")).unwrap());
    // The run that it names is kept, and everything behind that is none.
    let made_up = format!("{}{}", &own[..12], "A".repeat(own.len() - 12));
    for (token, cursor) in [(&mayor, &made_up), (&clerk, &own), (&api.operator, &own)] {
        let (mut socket, first) = talk(|| connect(&address, wanted(token, cursor)));
        let Heard::Frame(error) = first else {
            panic!("nothing said of {cursor}")
        };
        assert_eq!(error["code"], "bad_cursor", "{error}");
        assert_eq!(talk(|| socket.hear()), Heard::Closed(1002));
        let path = format!("/api/v1/push/events?cursor={cursor}");
        let refused = api.call_as(token, Method::GET, &path, None).await;
        assert_eq!(refused.is(400).code(), "bad_cursor");
    }
    talk(|| connected(&address, wanted(&mayor, &own)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_deleted_board_is_told_behind_an_old_cursor() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    board(&api, "diary").await;
    board(&api, "other").await;
    let wanted = json!({"token": mayor, "topics": ["boards"]});
    let mut socket = talk(|| connected(&address, wanted));
    let cursor = cursor_of(&talk(|| socket.event("synced")).unwrap());
    write(&api, "diary", "noon").await;
    describe(&api, "diary", "days").await;
    talk(|| until_described(&mut socket, "days"));
    api.call(Method::DELETE, "/api/v1/boards/diary", None)
        .await
        .is(200);
    describe(&api, "other", "last").await;
    talk(|| until_described(&mut socket, "last"));
    let again = json!({"token": mayor, "topics": ["boards"], "cursor": cursor});
    let mut socket = talk(|| connected(&address, again));
    let heard = talk(|| until_described(&mut socket, "last"));
    assert_eq!(messages(&heard), 0, "{heard:?}");
    let described = |one: &Value| one["data"]["items"][0]["description"] == "days";
    assert!(!heard.iter().any(described), "{heard:?}");
    let gone = |one: &Value| one["event"] == "board.gone";
    assert!(heard.iter().any(gone), "{heard:?}");
}

async fn send(api: &Api, sender: &str, text: &str) {
    let body = Some(json!({ "text": text }));
    let path = "/api/v1/agents/mayor/messages";
    api.call_as(sender, Method::POST, path, body).await.is(201);
}

/// The attempts of the messages that come before it is synced.
fn attempts(socket: &mut Socket) -> Vec<u64> {
    let mut attempts = Vec::new();
    loop {
        let Heard::Frame(frame) = socket.hear() else {
            panic!("it ended: {attempts:?}")
        };
        attempts.extend(frame["data"]["delivery"]["attempts"].as_u64());
        if frame["event"] == "synced" {
            return attempts;
        }
    }
}

/// Until the plane has noticed it, it would push to nobody.
async fn all_are_gone(api: &Api) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !api.plane.push().is_empty() {
        assert!(Instant::now() < deadline, "{:?}", api.plane.push().counts());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_connection_takes_nothing_that_another_reader_holds() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let mut idle = talk(|| connected(&address, json!({ "token": mayor })));
    let cursor = cursor_of(&talk(|| idle.event("synced")).unwrap());
    drop(idle);
    all_are_gone(&api).await;
    send(&api, &clerk, "for another worker").await;
    let wanted = json!({"token": mayor, "visibility_ms": 3_600_000, "max_unread": 1});
    let mut busy = talk(|| connected(&address, wanted));
    talk(|| busy.event("message")).unwrap();
    send(&api, &clerk, "for whoever asks").await;
    let path = "/api/v1/inbox?visibility_ms=600000";
    let asked = api.call_as(&mayor, Method::GET, path, None).await;
    assert_eq!(asked.is(200).json()["items"].as_array().unwrap().len(), 1);
    let again = json!({"token": mayor, "cursor": cursor});
    let mut resumed = talk(|| connected(&address, again));
    assert!(talk(|| attempts(&mut resumed)).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_breaks_again_and_again_uses_up_no_message() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let mut socket = talk(|| connected(&address, json!({ "token": mayor })));
    let cursor = cursor_of(&talk(|| socket.event("synced")).unwrap());
    send(&api, &clerk, "tea").await;
    for _ in 0..30 {
        let again = json!({"token": mayor, "cursor": cursor});
        socket = talk(|| connected(&address, again));
        assert_eq!(talk(|| attempts(&mut socket)), vec![1]);
        // Moments are told apart by the millisecond.
        api.clock.advance(Duration::from_millis(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kills_its_reader_is_handed_out_ten_times() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let mut socket = talk(|| connected(&address, json!({ "token": mayor })));
    let cursor = cursor_of(&talk(|| socket.event("synced")).unwrap());
    drop(socket);
    all_are_gone(&api).await;
    send(&api, &clerk, "deadly").await;
    let again = json!({"token": mayor, "cursor": cursor, "visibility_ms": 1_000});
    for attempt in 1..=10_u64 {
        for _ in 0..2 {
            let mut socket = talk(|| connected(&address, again.clone()));
            assert_eq!(talk(|| attempts(&mut socket)), vec![attempt]);
            drop(socket);
            all_are_gone(&api).await;
            api.clock.advance(Duration::from_millis(500));
        }
    }
    let mut socket = talk(|| connected(&address, again));
    assert!(talk(|| attempts(&mut socket)).is_empty());
}
