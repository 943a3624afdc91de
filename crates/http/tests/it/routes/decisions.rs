//! Decisions: lists, filters, the record that is followed, and one story.

use crate::api::Api;
use portunus_core::time::Clock;
use portunus_testkit::decision::{refused, request_id, served, unproven};
use serde_json::{Value, json};

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

fn expected(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers
        .into_iter()
        .map(|number| request_id(number).to_string())
        .collect()
}

#[tokio::test]
async fn a_story_is_told_whole() {
    let api = Api::new().await;
    let now = api.clock.now();
    api.plane.finished(&served(1, now));
    let id = request_id(1).to_string();
    let story = api
        .get(&format!("/api/v1/decisions/{id}"))
        .await
        .is(200)
        .json();
    let at = story["at"].as_str().unwrap().to_owned();
    let key = |number: u8| portunus_core::ids::KeyId::from_bytes([number; 16]).to_string();
    let expected = json!({
        "seq": 1,
        "id": id,
        "at": at,
        "agent": {"id": portunus_core::ids::AgentId::from_bytes([1; 16]).to_string(), "name": "mayor"},
        "endpoint": "messages",
        "model": "claude-sonnet-4-5",
        "steps": [{
            "kind": "attempted",
            "at_us": 900,
            "took_us": 150_000,
            "pool": "anthropic",
            "key": key(3),
            "label": "a",
            "chosen_for": "only_one",
            "passed_over": [{
                "key": key(4),
                "label": null,
                "why": "resting",
                "window": "5h",
                "until": story["steps"][0]["passed_over"][0]["until"],
            }],
            "passed_over_unnamed": 0,
            "status": 200,
            "class": "ok",
            "detail": null,
        }],
        "outcome": "served",
        "status": 200,
        "reason": null,
        "waited_us": 0,
        "first_byte_us": 151_000,
        "total_us": 200_000,
        "usage": {
            "input": 100, "cache_read": 40, "cache_write": 10, "output": 20, "reasoning": 5, "estimated": false,
        },
        "cost_usd": 0.0015,
    });
    assert_eq!(story, expected);
    let until = story["steps"][0]["passed_over"][0]["until"]
        .as_str()
        .unwrap();
    assert!(until > at.as_str() && until.ends_with('Z'), "{until}");
}

#[tokio::test]
async fn a_key_that_was_passed_over_is_called_by_its_label_of_today() {
    let api = Api::new().await;
    let key = api.key("team-a").await["id"].as_str().unwrap().to_owned();
    let mut decision = refused(1, api.clock.now());
    let portunus_core::decision::Step::Waited { obstacles, .. } = &mut decision.steps[0] else {
        panic!("a wait");
    };
    obstacles[0].key = key.parse().unwrap();
    api.plane.finished(&decision);
    let path = format!("/api/v1/decisions/{}", request_id(1));
    let wait = api.get(&path).await.is(200).json()["steps"][0].clone();
    assert_eq!(wait["kind"], "waited");
    assert_eq!(wait["obstacles"][0]["label"], "team-a");
    assert_eq!(wait["obstacles"][0]["why"], "quarantined");
}

#[tokio::test]
async fn an_unknown_request_is_told_about_retention() {
    let api = Api::new().await;
    for id in [
        request_id(7).to_string(),
        "req_short".to_owned(),
        "agt_x".to_owned(),
    ] {
        let missing = api.get(&format!("/api/v1/decisions/{id}")).await.is(404);
        assert_eq!(missing.code(), "not_found");
    }
    let missing = api
        .get(&format!("/api/v1/decisions/{}", request_id(7)))
        .await;
    assert!(missing.text.contains("keep_days"), "{}", missing.text);
}

#[tokio::test]
async fn lists_are_narrowed_paged_and_followed() {
    let api = Api::new().await;
    let now = api.clock.now();
    for number in 1..=9 {
        let at = now.plus_ms(number * 1_000);
        api.plane.finished(&match number % 3 {
            0 => refused(number, at),
            _ => served(number, at),
        });
    }
    api.plane.finished(&unproven(10, now.plus_ms(10_000)));
    let list = |query: &'static str| {
        let path = format!("/api/v1/decisions?{query}");
        let api = &api;
        async move { api.get(&path).await.is(200).json() }
    };
    assert_eq!(ids(&list("").await), expected((1..=10).rev()));
    assert_eq!(ids(&list("outcome=failed").await), expected([10, 9, 6, 3]));
    assert_eq!(
        ids(&list("outcome=failed&agent=mayor").await),
        expected([9, 6, 3])
    );
    assert_eq!(ids(&list("slower_than_ms=1000").await), expected([9, 6, 3]));
    assert_eq!(
        ids(&list("key=anthropic:a&limit=2").await),
        expected([8, 7])
    );
    let first = list("pool=anthropic&limit=4").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/decisions?pool=anthropic&limit=4&cursor={cursor}");
    let second = api.get(&path).await.is(200).json();
    assert_eq!(ids(&second), expected([2, 1]));
    assert_eq!(second["next_cursor"], Value::Null);

    let followed = list("after=7&outcome=served").await;
    assert_eq!(ids(&followed), expected([8]));
    let cursor = followed["next_cursor"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/decisions?outcome=served&cursor={cursor}");
    assert!(ids(&api.get(&path).await.is(200).json()).is_empty());
    api.plane.finished(&served(11, now));
    assert_eq!(ids(&api.get(&path).await.is(200).json()), expected([11]));
}

#[tokio::test]
async fn moments_are_read_strictly() {
    let api = Api::new().await;
    let now = api.clock.now();
    api.plane.finished(&served(1, now));
    for (query, count) in [
        ("since=1999-12-31T23:59:59Z", 1),
        ("until=1999-12-31T23:59:59Z", 0),
        ("since=2999-01-01T01:00:00%2B01:00", 0),
    ] {
        let page = api
            .get(&format!("/api/v1/decisions?{query}"))
            .await
            .is(200)
            .json();
        assert_eq!(ids(&page).len(), count, "{query}");
    }
    for query in [
        "since=yesterday",
        "since=",
        "until=2026-03-01",
        "outcome=lost",
        "slower_than_ms=-1",
        "after=-1",
        "after=1&cursor=decisions.after.1",
    ] {
        let refused = api.get(&format!("/api/v1/decisions?{query}")).await.is(400);
        assert_eq!(refused.code(), "invalid_parameter", "{query}");
    }
    let unknown = api.get("/api/v1/decisions?agnt=mayor").await.is(400);
    assert_eq!(unknown.code(), "unknown_parameter");
}

#[tokio::test]
async fn the_status_counts_decisions() {
    let api = Api::new().await;
    api.plane.finished(&served(1, api.clock.now()));
    for number in 0..500 {
        api.plane.finished(&unproven(number, api.clock.now()));
    }
    let counts = api.get("/api/v1/status").await.is(200).json()["decisions"].clone();
    assert_eq!(
        (&counts["recorded"], &counts["lost"]),
        (&json!(201), &json!(0))
    );
    assert_eq!(counts["unproven_skipped"], 300);
}
