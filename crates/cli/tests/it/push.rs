//! Push through the real binary: a plane that is killed, one that drains, a credential that is rotated, and what a connection
//! costs.

use crate::plane::{Plane, SOON, comes_true, request};
use portunus_testkit::{Heard, Socket};
use serde_json::{Value, json};
use std::time::Instant;

const PATH: &str = "/api/v1/push";

fn connected(plane: &Plane, members: Value) -> (Socket, Value) {
    let address = plane.url.strip_prefix("http://").unwrap();
    let mut socket = Socket::open(address, PATH, &[]).unwrap();
    match socket.connect(members) {
        Heard::Frame(hello) if hello["type"] == "hello" => (socket, hello),
        other => panic!("{other:?}"),
    }
}

fn write(plane: &Plane, sender: &str, to: &str, text: &str) {
    let bearer = format!("Bearer {sender}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({ "text": text }).to_string();
    let path = format!("/api/v1/agents/{to}/messages");
    let answer = request(&plane.url, "POST", &path, &headers, Some(&body));
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[test]
fn what_was_pushed_before_a_crash_comes_again_once_it_may() {
    let mut plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    for text in ["one", "two", "three"] {
        write(&plane, &clerk, "mayor", text);
    }
    let (mut socket, _) = connected(&plane, json!({"token": mayor, "visibility_ms": 2_000}));
    let one = socket.event("message").unwrap();
    // The other two are on their way when the plane is killed, and nobody knows afterwards what arrived.
    plane.crash_and_restart();
    let (mut socket, hello) = connected(&plane, json!({"token": mayor, "cursor": one["cursor"]}));
    assert_eq!(hello["resumed"], true);
    let (mut ids, mut texts) = (Vec::new(), Vec::new());
    while ids.len() < 3 {
        let mut event = socket.event("message").unwrap();
        let message = &mut event["data"]["message"];
        ids.push(message["id"].take());
        texts.push(message["text"].take());
    }
    texts.sort_by_key(ToString::to_string);
    assert_eq!(texts, ["one", "three", "two"]);
    socket.send(&json!({"type": "read", "messages": ids}));
    socket.until(|frame| frame["type"] == "read.ok").unwrap();
    // An operator's cursor of the run that is gone leads to the full state.
    let (mut socket, _) = connected(&plane, json!({ "token": plane.operator }));
    let agents = socket.event("agents").unwrap();
    plane.crash_and_restart();
    let again = json!({"token": plane.operator, "cursor": agents["cursor"]});
    let (mut socket, hello) = connected(&plane, again);
    assert_eq!(hello["resumed"], false);
    let agents = socket.event("agents").unwrap();
    assert_eq!(agents["data"]["items"].as_array().unwrap().len(), 2);
}

#[test]
fn a_drain_sends_everybody_away_with_1012_and_ends() {
    let mut plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    let mut sockets: Vec<Socket> = (0..8)
        .map(|_| connected(&plane, json!({ "token": mayor })).0)
        .collect();
    for socket in &mut sockets {
        socket.event("synced").unwrap();
    }
    let began = Instant::now();
    plane.signal("TERM");
    let mut hints = Vec::new();
    for socket in &mut sockets {
        let error = socket.until(|frame| frame["type"] == "error").unwrap();
        assert_eq!(error["code"], "draining");
        hints.push(error["retry_after_ms"].as_u64().unwrap());
        assert_eq!(socket.hear(), Heard::Closed(1012));
    }
    drop(sockets);
    assert_eq!(plane.ended().code(), Some(0), "{}", plane.log());
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    hints.sort_unstable();
    hints.dedup();
    assert!(hints.len() > 4, "they come back spread: {hints:?}");
}

#[test]
fn a_quiet_connection_outlives_the_patience_for_requests_and_costs_little() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    let (mut socket, _) = connected(&plane, json!({ "token": mayor }));
    socket.event("synced").unwrap();
    let metrics = || {
        let bearer = format!("Bearer {}", plane.operator);
        request(
            &plane.url,
            "GET",
            "/metrics",
            &[("authorization", &bearer)],
            None,
        )
        .body
    };
    assert!(
        metrics().contains("portunus_push_connections_open 1"),
        "{}",
        metrics()
    );
    drop(socket);
    let closed = "portunus_push_connections_open 0";
    assert!(comes_true(|| metrics().contains(closed)));
}
