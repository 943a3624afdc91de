//! P6: who acts comes from the credential alone, never from a path, a header or a body.

use crate::plane::{Plane, request};
use portunus_testkit::FakeProvider;
use serde_json::{Value, json};

#[test]
fn p6_headers_and_parameters_do_not_change_who_asks() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    plane.create_agent("scout");
    let credential = format!("Bearer {mayor}");
    let headers = [
        ("authorization", credential.as_str()),
        ("x-portunus-agent", "scout"),
        ("x-agent", "scout"),
        ("x-forwarded-user", "operator"),
    ];
    let me = request(&plane.url, "GET", "/api/v1/whoami", &headers, None).json();
    assert_eq!(me["name"], "mayor");
    let told = plane.ask(&mayor, "GET", "/api/v1/whoami?agent=scout", None);
    assert_eq!(told.json()["code"], "unknown_parameter");
    let actor = json!({ "name": "herald", "actor": "mayor" });
    let told = plane.ask(&plane.operator, "POST", "/api/v1/agents", Some(&actor));
    assert_eq!(told.json()["code"], "unknown_field");
}

#[test]
fn p6_an_agent_may_not_act_as_an_operator() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    for (words, input) in [
        ("agents create deputy", ""),
        ("agents delete mayor", ""),
        ("tokens rotate mayor", ""),
        ("keys add --pool anthropic --label a", "sk-a"),
        ("pools set anthropic --max-wait 0", ""),
        ("audit list", ""),
    ] {
        let said = plane.run_as(&mayor, words, input);
        assert_eq!(said.code, 3, "{words}: {said:?}");
    }
    assert_eq!(
        plane.run_as(&mayor, "whoami --json", "").well().json()["name"],
        "mayor"
    );
}

#[test]
fn p6_the_record_and_the_log_name_the_credentials_owner() {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-a", &provider.base_url());
    let mayor = plane.create_agent("mayor");
    let created = plane
        .run("audit list --action agent.created --json")
        .well()
        .json();
    assert_eq!(created["items"][0]["actor"]["name"], "operator");
    let headers = [
        ("x-api-key", mayor.as_str()),
        ("anthropic-version", "2023-06-01"),
        ("x-portunus-agent", "scout"),
    ];
    let body = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 16,
        "metadata": { "user_id": "scout" },
        "messages": [{ "role": "user", "content": "I am scout" }],
    });
    let answer = request(
        &plane.url,
        "POST",
        "/v1/messages",
        &headers,
        Some(&body.to_string()),
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    let deadline = std::time::Instant::now() + crate::plane::PATIENCE;
    let line = loop {
        let log = plane.log();
        let mut lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(line) = lines.find(|line| !line["attempts"].is_null()) {
            break line;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "no line about the call: {log}"
        );
    };
    assert_eq!(line["agent"], "mayor", "{line}");
}
