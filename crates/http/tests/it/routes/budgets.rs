//! `/api/v1/budgets`.

use crate::api::Api;
use http::Method;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/budgets";

fn a_day(scope: &str, subject: Option<&str>, limit: u64) -> Value {
    let mut body = json!({"scope": scope, "measure": "money", "window": "day", "limit": limit});
    if let Some(subject) = subject {
        body["subject"] = json!(subject);
    }
    body
}

#[tokio::test]
async fn a_budget_is_set_shown_changed_and_removed() {
    let api = Api::new().await;
    api.agent("mayor").await;
    let body = a_day("agent", Some("mayor"), 5_000_000_000);
    let budget = api.post(PATH, body).await.is(201).json();
    assert_eq!(budget["scope"], "agent");
    assert_eq!(budget["subject"], "mayor");
    assert_eq!(
        (&budget["action"], &budget["warn_at"]),
        (&json!("stop"), &json!(80))
    );
    assert_eq!(
        (&budget["spent"], &budget["reserved"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(budget["remaining"], 5_000_000_000_u64);
    assert_eq!(budget["resets_at"], "2026-11-02T00:00:00.000Z");
    assert_eq!(budget["resets_in_ms"], 86_400_000);

    let mut body = a_day("agent", Some("mayor"), 7);
    body["action"] = json!("warn");
    let again = api.post(PATH, body).await.is(200).json();
    assert_eq!((&again["id"], &again["limit"]), (&budget["id"], &json!(7)));
    let path = format!("{PATH}/{}", budget["id"].as_str().unwrap());
    let change = Some(json!({"limit": 9, "warn_at": 50}));
    let changed = api.call(Method::PATCH, &path, change).await.is(200).json();
    assert_eq!(
        (&changed["limit"], &changed["action"]),
        (&json!(9), &json!("warn"))
    );
    let shown = api.get(&path).await.is(200).json();
    assert_eq!(shown["warn_at"], 50);
    let removed = api.call(Method::DELETE, &path, None).await.is(200).json();
    assert_eq!(removed["budget"]["limit"], 9);
    assert_eq!(api.get(&path).await.is(404).code(), "not_found");
    let listed = api.get(PATH).await.is(200).json();
    assert_eq!(listed, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn budgets_are_listed_by_whom_they_bind() {
    let api = Api::new().await;
    api.agent("mayor").await;
    api.agent("clerk").await;
    let slots = json!({"scope": "pool", "subject": "openai", "measure": "concurrency", "limit": 8});
    let slots = api.post(PATH, slots).await.is(201).json();
    assert_eq!(
        (&slots["window"], &slots["resets_at"]),
        (&json!(null), &json!(null))
    );
    api.post(PATH, a_day("agent", Some("mayor"), 1))
        .await
        .is(201);
    api.post(PATH, a_day("every_agent", None, 2)).await.is(201);
    let limits = async |query: &str| {
        let listed = api.get(&format!("{PATH}{query}")).await.is(200).json();
        let items = listed["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["limit"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(limits("").await, [2, 1, 8]);
    assert_eq!(limits("?agent=mayor").await, [1]);
    assert_eq!(limits("?agent=clerk").await, [2]);
    assert_eq!(limits("?pool=openai").await, [8]);
    assert_eq!(limits("?pool=anthropic").await, Vec::<u64>::new());
    for (query, status, code) in [
        ("?agent=nobody", 404, "not_found"),
        ("?pool=none", 404, "not_found"),
        ("?agent=mayor&pool=openai", 400, "invalid_parameter"),
    ] {
        let refused = api.get(&format!("{PATH}{query}")).await.is(status);
        assert_eq!(refused.code(), code, "{query}");
    }
}

#[tokio::test]
async fn what_a_budget_cannot_be_is_refused_with_the_reason() {
    let api = Api::new().await;
    let with = |field: &str, value: Value| {
        let mut body = a_day("every_agent", None, 1);
        body[field] = value;
        body
    };
    let mut endless = with("measure", json!("tokens"));
    endless.as_object_mut().unwrap().remove("window");
    for (body, status, part) in [
        (a_day("agent", None, 1), 400, "subject is missing"),
        (
            a_day("agent", Some("nobody"), 1),
            404,
            "no agent has this name",
        ),
        (a_day("pool", Some("none"), 1), 404, "no pool has this name"),
        (
            a_day("every_agent", Some("mayor"), 1),
            400,
            "does not go with",
        ),
        (endless, 400, "per minute, day, month or in total"),
        (
            with("measure", json!("concurrency")),
            400,
            "how many requests run at once",
        ),
        (with("measure", json!("love")), 400, "measure"),
        (with("limit", json!(-1)), 400, "limit"),
        (with("limit", json!(1.5)), 400, "limit"),
        (
            with("limit", json!(9_007_199_254_740_992_u64)),
            400,
            "at most",
        ),
        (with("warn_at", json!(0)), 400, "1 to 100"),
        (with("warn_at", json!(101)), 400, "1 to 100"),
        (with("action", json!("shout")), 400, "action"),
    ] {
        let refused = api.post(PATH, body.clone()).await.is(status);
        refused.code();
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{body}: {detail}");
    }
    for path in [
        "nothing",
        "bud_0000000000000000000000",
        "agt_0000000000000000000000",
    ] {
        let path = format!("{PATH}/{path}");
        for method in [Method::GET, Method::DELETE, Method::PATCH] {
            let body = (method == Method::PATCH).then(|| json!({"limit": 1}));
            let refused = api.call(method, &path, body).await.is(404);
            assert_eq!(refused.code(), "not_found");
            assert_eq!(
                refused.json()["fix"],
                "use an id from `portunus budgets list`"
            );
        }
    }
}

#[tokio::test]
async fn a_budget_that_is_not_stored_does_not_bind() {
    let api = Api::new().await;
    api.store.outage(portunus_store::memory::Outage::Begins);
    let refused = api.post(PATH, a_day("every_agent", None, 0)).await.is(503);
    assert_eq!(refused.code(), "store_unavailable");
    assert!(!api.plane.budgets().any());
    let listed = api.get(PATH).await.is(200).json();
    assert_eq!(listed["items"], json!([]));
}
