//! `/api/v1/usage` and `/api/v1/prices`.

use crate::api::Api;
use portunus_core::time::Clock;
use portunus_testkit::decision::{refused, served};
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Three requests of today and one of eight days ago.
async fn filled() -> Api {
    let api = Api::new().await;
    api.plane.finished(&served(1, api.clock.now()));
    api.clock.advance(DAY * 8);
    for number in 2..4 {
        api.plane.finished(&served(number, api.clock.now()));
    }
    api.plane.finished(&refused(4, api.clock.now()));
    api
}

async fn get(api: &Api, query: &str) -> Value {
    let path = format!("/api/v1/usage{query}");
    api.get(&path).await.is(200).json()
}

#[tokio::test]
async fn usage_is_of_the_last_days_by_agent_unless_asked_otherwise() {
    let api = filled().await;
    let week = get(&api, "").await;
    assert_eq!(week["total"]["requests"], 3, "{week}");
    assert_eq!(week["total"]["failed"], 1);
    assert_eq!(week["items"][0]["agent"]["name"], "mayor");
    assert_eq!(week["items"][0].get("model"), None);
    assert_eq!(week["next_cursor"], Value::Null);
    let all = get(&api, "?since=1970-01-01&by=day").await;
    assert_eq!(all["total"]["requests"], 4);
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(all["items"][0]["requests"], 1);
    assert_eq!(get(&api, "?since=8d").await["total"]["requests"], 4);
    assert_eq!(get(&api, "?since=0d").await["total"]["requests"], 3);
    let until = all["items"][0]["day"].as_str().unwrap();
    let old = get(&api, &format!("?until={until}")).await;
    assert_eq!(
        (&old["total"]["requests"], &old["until"]),
        (&json!(1), &json!(until))
    );
}

#[tokio::test]
async fn usage_is_told_apart_narrowed_and_paged() {
    let api = filled().await;
    let id = get(&api, "").await["items"][0]["agent"]["id"].clone();
    let id = id.as_str().unwrap();
    for (query, requests) in [
        ("?agent=mayor", 3),
        (&format!("?agent={id}"), 3),
        ("?model=claude-sonnet-4-5", 3),
        ("?model=x", 0),
        ("?pool=anthropic", 2),
    ] {
        assert_eq!(
            get(&api, query).await["total"]["requests"],
            requests,
            "{query}"
        );
    }
    let keys = get(&api, "?by=key,pool").await;
    assert_eq!(keys["items"][0]["key"]["label"], "a", "{keys}");
    assert_eq!(keys["items"][1]["key"]["id"], Value::Null, "{keys}");
    let first = get(&api, "?by=key&limit=1").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = get(&api, &format!("?by=key&limit=1&cursor={cursor}")).await;
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(second["total"], first["total"]);
    assert_eq!(second["items"][0]["key"]["id"], Value::Null);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let api = Api::new().await;
    for (query, code, word) in [
        ("?since=yesterday", "invalid_parameter", "since"),
        ("?until=2026-13-01", "invalid_parameter", "until"),
        (
            "?since=2026-11-02&until=2026-11-01",
            "invalid_parameter",
            "later",
        ),
        ("?by=weather", "invalid_parameter", "weather"),
        ("?by=day,day", "invalid_parameter", "twice"),
        ("?by=", "invalid_parameter", "told apart"),
        ("?limit=0", "invalid_parameter", "limit"),
        ("?cursor=x", "bad_cursor", "cursor"),
        ("?days=3", "unknown_parameter", "days"),
    ] {
        let answer = api.get(&format!("/api/v1/usage{query}")).await.is(400);
        assert_eq!(answer.code(), code, "{query}");
        assert!(answer.text.contains(word), "{query}: {}", answer.text);
    }
    let answer = api.get("/api/v1/prices?model=x").await.is(400);
    assert_eq!(answer.code(), "unknown_parameter");
}

#[tokio::test]
async fn prices_say_where_they_come_from() {
    let api = Api::new().await;
    let prices = api.get("/api/v1/prices").await.is(200).json();
    let items = prices["items"].as_array().unwrap();
    assert!(items.iter().all(|item| item["origin"] == "shipped"));
    let of = |model: &str, above: Value| {
        items
            .iter()
            .find(|item| item["model"] == model && item["prompt_above"] == above)
            .unwrap_or_else(|| panic!("{model}"))
    };
    let long = of("claude-sonnet-4-5*", json!(200_000));
    assert_eq!(
        (&long["input"], &long["output"]),
        (&json!("6.00"), &json!("22.50"))
    );
    assert_eq!(
        of("text-embedding-3-small", Value::Null)["output"],
        Value::Null
    );
}
