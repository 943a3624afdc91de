//! Clients that fall silent or do not keep up, over a real socket: the plane's clock moves when the test says so, so that a
//! minute of patience takes no time and no machine is too slow for it.

use super::push::connected;
use crate::api::Api;
use http::Method;
use portunus_core::websocket::{Opcode, frame};
use portunus_testkit::{Heard, Socket};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::block_in_place as talk;

async fn post(api: &Api, path: &str, body: Value) {
    api.post(path, body).await.is(201);
}

/// Waits until so many connections were cut off.
async fn cut_off(api: &Api, count: u64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while api.plane.push().counts().cut_off < count {
        assert!(Instant::now() < deadline, "{:?}", api.plane.push().counts());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_no_ping_is_gone_after_45_seconds() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let mut silent = talk(|| connected(&address, json!({ "token": mayor })));
    let mut lively = talk(|| connected(&address, json!({ "token": clerk })));
    for socket in [&mut silent, &mut lively] {
        talk(|| socket.event("synced")).unwrap();
    }
    silent.fall_silent();
    api.clock.advance(Duration::from_secs(44));
    let ping = json!({"type": "ping"});
    talk(|| {
        lively.send(&ping);
        lively.until(|frame| frame["type"] == "pong")
    })
    .unwrap();
    api.clock.advance(Duration::from_secs(1));
    // What is written to it makes the plane look at it.
    post(
        &api,
        "/api/v1/agents/mayor/messages",
        json!({"text": "hello"}),
    )
    .await;
    assert_eq!(talk(|| silent.end()), ("no_pong".to_owned(), 4003));
    cut_off(&api, 1).await;
    talk(|| {
        lively.send(&ping);
        lively.until(|frame| frame["type"] == "pong")
    })
    .expect("who was heard of stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_acknowledges_nothing_for_a_minute_is_cut_off_with_the_reason() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    post(&api, "/api/v1/boards", json!({"name": "diary"})).await;
    let wanted = json!({"token": mayor, "topics": ["boards"]});
    let mut socket = talk(|| connected(&address, wanted));
    talk(|| socket.event("synced")).unwrap();
    for number in 0..300 {
        let body = json!({"text": format!("line {number}")});
        post(&api, "/api/v1/boards/diary/messages", body).await;
    }
    talk(|| socket.until(|frame| frame["seq"] == 256)).expect("so many may be under way");
    // Pings are answered and heard: it lives, and holds up what waits. When the plane looks at it is the plane's business.
    let deadline = Instant::now() + Duration::from_secs(60);
    let error = loop {
        assert!(Instant::now() < deadline, "it was not cut off");
        api.clock.advance(Duration::from_secs(40));
        let next = talk(|| {
            socket.send(&json!({"type": "ping"}));
            socket.until(|frame| frame["type"] == "pong" || frame["type"] == "error")
        });
        let next = next.expect("it says why it ends");
        if next["type"] == "error" {
            break next;
        }
    };
    assert_eq!(
        (&error["code"], &error["recommended_next_step"]),
        (&json!("slow_reader"), &json!("reconnect"))
    );
    assert_eq!(talk(|| socket.hear()), Heard::Closed(4002));
    cut_off(&api, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_at_all_is_cut_off_and_holds_up_nobody() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    post(&api, "/api/v1/boards", json!({"name": "diary"})).await;
    let topics = json!(["boards"]);
    let wanted = |token: &str| json!({"token": token, "topics": topics});
    let mut stuck = talk(|| connected(&address, wanted(&mayor)));
    talk(|| stuck.event("synced")).unwrap();
    // More than sockets hold: the plane is left with the rest.
    let text = "x".repeat(60_000);
    for _ in 0..300 {
        let body = json!({"text": text, "data": text});
        post(&api, "/api/v1/boards/diary/messages", body).await;
    }
    let mut reads = talk(|| connected(&address, wanted(&clerk)));
    talk(|| reads.event("synced")).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while api.plane.push().counts().cut_off == 0 {
        assert!(Instant::now() < deadline, "{:?}", api.plane.push().counts());
        api.clock.advance(Duration::from_secs(30));
        // It writes, so that it is known to live, and reads nothing.
        stuck.send(&json!({"type": "ping"}));
        talk(|| {
            reads.send(&json!({"type": "ping"}));
            reads.until(|frame| frame["type"] == "pong")
        })
        .expect("who reads is served meanwhile");
    }
    let rest = talk(|| {
        loop {
            match stuck.hear() {
                Heard::Frame(_) => {}
                end => return end,
            }
        }
    });
    assert!(matches!(rest, Heard::Gone | Heard::Closed(_)), "{rest:?}");
    assert_eq!(api.plane.push().counts().open, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pings_and_reads_no_answer_is_cut_off_as_well() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    let mut stuck = talk(|| connected(&address, json!({ "token": mayor })));
    talk(|| stuck.event("synced")).unwrap();
    let mut pings = Vec::new();
    for _ in 0..1_000 {
        frame(Opcode::Ping, &[7; 125], Some([1, 2, 3, 4]), &mut pings);
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicUsize::new(0));
    let (hears, counts) = (Arc::clone(&is_over), Arc::clone(&written));
    // Writing blocks once sockets hold no more answers, and fails once the plane has closed.
    let writes = std::thread::spawn(move || {
        while !hears.load(Ordering::Acquire) {
            stuck.send_bytes(&pings);
            counts.fetch_add(1, Ordering::AcqRel);
        }
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    // The plane reads no more when it cannot answer. Were it only slow here, it would be cut off for its silence.
    let mut before = usize::MAX;
    while before != written.load(Ordering::Acquire) {
        before = written.load(Ordering::Acquire);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    while api.plane.push().counts().cut_off == 0 {
        assert!(Instant::now() < deadline, "{:?}", api.plane.push().counts());
        api.clock.advance(Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(api.plane.push().is_empty());
    is_over.store(true, Ordering::Release);
    talk(|| writes.join()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lacks_a_scope_is_told_which_and_how_it_is_got() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    let refusal = |members: Value| {
        let mut socket = Socket::open(&address, "/api/v1/push", &[]).unwrap();
        let refused = talk(|| socket.connect(members));
        let Heard::Frame(error) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(error["code"], "insufficient_scope", "{error}");
        error["message"].as_str().unwrap().to_owned()
    };
    // An agent that does not hold it.
    let said = refusal(json!({"token": mayor, "topics": ["agents"]}));
    assert!(
        said.contains("agents.list") && said.contains("portunus agents update"),
        "{said}"
    );
    let path = "/api/v1/push/events?topics=agents";
    let answer = api.call_as(&mayor, Method::GET, path, None).await.is(403);
    let fix = answer.json()["fix"].as_str().unwrap().to_owned();
    assert!(fix.contains("portunus agents update"), "{fix}");
    // One that does, with a credential that was narrowed.
    let wanted = json!({"grant_type": "client_credentials", "scope": "self.push"});
    let narrowed = api.call_as(&mayor, Method::POST, "/api/v1/token", Some(wanted));
    let narrowed = narrowed.await;
    assert_eq!(narrowed.status, 200, "{}", narrowed.text);
    let access = narrowed.json()["access_token"].as_str().unwrap().to_owned();
    let said = refusal(json!({"token": access, "topics": ["boards"]}));
    assert!(
        said.contains("boards.read") && said.contains("narrowed"),
        "{said}"
    );
    // An operator whose role does not include it.
    let ann = api.person("ann", "viewer").await;
    let narrow = Some(json!({"role": null, "scopes": ["self.push"]}));
    api.call(Method::PATCH, "/api/v1/operators/ann", narrow)
        .await
        .is(200);
    let said = refusal(json!({"token": ann, "topics": ["agents"]}));
    assert!(said.contains("set-role"), "{said}");
}
