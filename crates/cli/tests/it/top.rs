//! The live view without a screen, against the real binary: what scripts and pipes get.

use crate::plane::{Plane, portunus, request};
use portunus_testkit::FakeProvider;
use tempfile::TempDir;

const BODY: &str =
    r#"{"model":"claude-sonnet-4-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;

/// A plane that has served one request and refused none.
fn stage() -> (Plane, FakeProvider) {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    plane.add_key("anthropic", "amber", "sk-a", &provider.base_url());
    let token = plane.create_agent("mayor");
    let headers = [
        ("x-api-key", token.as_str()),
        ("anthropic-version", "2023-06-01"),
    ];
    let answer = request(&plane.url, "POST", "/v1/messages", &headers, Some(BODY));
    assert_eq!(answer.status, 200);
    (plane, provider)
}

#[test]
fn without_a_terminal_it_is_printed_once() {
    let (plane, _provider) = stage();
    let said = plane.run("top").well();
    for word in [
        "anthropic:amber",
        "ready",
        "mayor",
        "claude-sonnet-4-5",
        "200 served",
    ] {
        assert!(said.out.contains(word), "no {word}:\n{}", said.out);
    }
    assert!(!said.out.contains('\u{1b}'), "{:?}", said.out);
}

#[test]
fn programs_get_the_same_as_json() {
    let (plane, _provider) = stage();
    let seen = plane.run("top --json").well().json();
    assert_eq!(seen["keys"][0]["name"], "anthropic:amber");
    assert_eq!(seen["keys"][0]["condition"], "ready");
    assert_eq!(seen["decisions"][0]["agent"], "mayor");
    assert_eq!(seen["decisions"][0]["keys"][0], "anthropic:amber");
    assert_eq!(seen["decisions"][0]["ending"], "served");
    assert_eq!(seen["agents"][0]["per_minute"], 1);
    assert!(seen["requests_per_second"].is_number());
}

#[test]
fn what_is_written_and_notified_is_among_it() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    plane.run("boards create diary").well();
    plane.run("send --board diary noon").well();
    let bearer = format!("Bearer {mayor}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = r#"{"title":"I need a decision","priority":"urgent"}"#;
    let answer = request(
        &plane.url,
        "POST",
        "/api/v1/notifications",
        &headers,
        Some(body),
    );
    assert_eq!(answer.status, 201, "{answer:?}");
    let said = plane.run("top --once").well();
    for word in ["diary", "noon", "! urgent", "I need a decision"] {
        assert!(said.out.contains(word), "no {word}:\n{}", said.out);
    }
    let seen = plane.run("top --json").well().json();
    let messages = seen["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2, "{seen}");
    let notice = messages.iter().find(|one| one["from"] == "mayor").unwrap();
    assert_eq!(notice["priority"], "urgent");
    assert_eq!(notice["is_unread"], true);
}

#[test]
fn who_is_heard_of_in_a_large_fleet_is_among_it() {
    let plane = Plane::start();
    let line = |nth: u32| {
        format!(r#"{{"kind": "agent", "name": "a{nth}", "token_sha256": "{nth:064x}"}}"#) + "\n"
    };
    let fleet: String = (0..600).map(line).collect();
    std::fs::write(plane.path("fleet.jsonl"), fleet).unwrap();
    let imported = plane.run("import --from fleet.jsonl --json").well().json();
    assert_eq!(imported["lines"].as_array().unwrap().len(), 600);
    let bearer = format!("Bearer {}", plane.create_agent("zed"));
    let headers = [("authorization", bearer.as_str())];
    let answer = request(
        &plane.url,
        "POST",
        "/api/v1/heartbeat",
        &headers,
        Some(r#"{"cadence": "7d"}"#),
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = plane.run("top --json").well().json();
    assert_eq!(seen["agents_total"], 601);
    let agents = seen["agents"].as_array().unwrap();
    assert_eq!(agents.len(), 500);
    let zed = agents.iter().find(|agent| agent["name"] == "zed").unwrap();
    assert_eq!(zed["status"], "online");
    assert!(agents.iter().all(|agent| agent["status"].is_string()));
    let said = plane.run("top --once").well().out;
    assert!(said.contains("601 agents, 0 offline"), "{said}");
    assert!(said.contains("20 of 601 agents"), "{said}");
}

#[test]
fn a_plane_that_is_not_there_is_told_at_once() {
    let home = TempDir::new().unwrap();
    let output = portunus(home.path())
        .args(["top", "--url", "http://127.0.0.1:9"])
        .env("PORTUNUS_TOKEN", "ptno_nobody")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot be reached"), "{told}");
}
