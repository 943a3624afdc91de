//! P9 through the real binary: agents beat, fall silent and come back, also over a crash of the plane.

use crate::plane::{Plane, comes_true, request};
use std::time::{Duration, Instant};

fn beat(plane: &Plane, token: &str, body: &str) -> serde_json::Value {
    let headers = [
        ("authorization", format!("Bearer {token}")),
        ("content-type", "application/json".to_owned()),
    ];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = request(
        &plane.url,
        "POST",
        "/api/v1/heartbeat",
        &headers,
        Some(body),
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

fn status(plane: &Plane, agent: &str) -> String {
    let shown = plane
        .run(&format!("agents show {agent} --json"))
        .well()
        .json();
    shown["status"].as_str().unwrap().to_owned()
}

/// What the record says of agents that went and came, newest first.
fn changes(plane: &Plane) -> Vec<String> {
    let log = plane.run("audit list --action agent.o --json").well();
    let records = log.json()["items"].as_array().unwrap().clone();
    let actions = records.iter().map(|record| record["action"].as_str());
    actions.map(|action| action.unwrap().to_owned()).collect()
}

#[test]
fn p9_an_agent_beats_falls_silent_and_comes_back() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    assert_eq!(status(&plane, "mayor"), "provisioning");
    beat(
        &plane,
        &token,
        r#"{"cadence": "1h", "note": "counting keys"}"#,
    );
    assert_eq!(status(&plane, "mayor"), "online");
    let shown = plane.run("agents show mayor").well();
    assert!(shown.out.contains("says: counting keys"), "{shown:?}");
    let before = Instant::now();
    beat(&plane, &token, r#"{"cadence": "1s"}"#);
    assert!(comes_true(|| status(&plane, "mayor") == "offline"));
    assert!(before.elapsed() >= Duration::from_millis(1_500));
    let listed = plane.run("agents list --status offline").well();
    assert!(listed.out.contains("mayor"), "{listed:?}");
    // The status is exact; what is told of it waits for a timer.
    assert!(comes_true(|| changes(&plane) == ["agent.offline"]));
    beat(&plane, &token, r#"{"cadence": "1h"}"#);
    assert_eq!(status(&plane, "mayor"), "online");
    let both = ["agent.online", "agent.offline"];
    assert!(comes_true(|| changes(&plane) == both));
}

#[test]
fn p9_a_plane_that_was_killed_knows_what_was_promised_and_calls_nobody_offline() {
    let mut plane = Plane::start();
    let token = plane.create_agent("mayor");
    beat(&plane, &token, r#"{"cadence": "2s"}"#);
    beat(&plane, &token, r#"{"cadence": "1h"}"#);
    plane.crash_and_restart();
    let shown = plane.run("agents show mayor --json").well().json();
    assert_eq!(
        (&shown["status"], &shown["cadence"]),
        (&"online".into(), &"1h".into())
    );
    assert!(shown["last_heartbeat_at"].is_string(), "{shown}");
    let glance = plane.run("status").well();
    assert!(glance.out.contains("(1 online)"), "{glance:?}");
}

#[test]
fn an_operators_token_beats_for_nobody() {
    let plane = Plane::start();
    let refused = plane.run("heartbeat --cadence 10m");
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("only agents beat"), "{refused:?}");
}
