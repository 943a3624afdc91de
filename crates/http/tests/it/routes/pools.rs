//! `/api/v1/pools`.

use crate::api::Api;
use http::Method;
use serde_json::json;

#[tokio::test]
async fn the_default_pools_exist_from_the_start() {
    let api = Api::new().await;
    let pools = api.get("/api/v1/pools").await.is(200).json();
    assert_eq!(pools["items"][0]["name"], "anthropic");
    assert_eq!(pools["items"][0]["base_url"], "https://api.anthropic.com");
    assert_eq!(pools["items"][1]["protocol"], "openai");
    assert_eq!(pools["next_cursor"], json!(null));
}

#[tokio::test]
async fn a_pool_is_created_shown_and_changed() {
    let api = Api::new().await;
    let body =
        json!({"name": "spare", "protocol": "anthropic", "base_url": "http://127.0.0.1:9000/"});
    let pool = api.post("/api/v1/pools", body).await.is(201).json();
    assert_eq!(pool["base_url"], "http://127.0.0.1:9000");
    let path = "/api/v1/pools/anthropic";
    let change = json!({"max_wait_ms": 0, "fallback": "spare"});
    let changed = api
        .call(Method::PATCH, path, Some(change))
        .await
        .is(200)
        .json();
    assert_eq!(changed["pool"]["fallback"], "spare");
    assert_eq!(changed["pool"]["max_wait_ms"], 0);
    let change = Some(json!({"fallback": null}));
    let changed = api.call(Method::PATCH, path, change).await.is(200).json();
    assert_eq!(changed["pool"]["fallback"], json!(null));
    assert_eq!(changed["pool"]["max_wait_ms"], 0);
    let id = pool["id"].as_str().unwrap();
    api.get(&format!("/api/v1/pools/{id}")).await.is(200);
}

#[tokio::test]
async fn what_a_pool_cannot_be_is_refused() {
    let api = Api::new().await;
    for (body, code) in [
        (
            json!({"name": "openai", "protocol": "openai"}),
            "name_taken",
        ),
        (
            json!({"name": "Bad Name", "protocol": "openai"}),
            "invalid_body",
        ),
        (json!({"name": "a", "protocol": "gemini"}), "invalid_body"),
        (
            json!({"name": "a", "protocol": "openai", "fallback": "anthropic"}),
            "bad_fallback",
        ),
        (
            json!({"name": "a", "protocol": "openai", "base_url": "http://169.254.169.254"}),
            "upstream_forbidden",
        ),
        (
            json!({"name": "a", "protocol": "openai", "base_url": "http://1.1.1.1"}),
            "upstream_forbidden",
        ),
        (
            json!({"name": "a", "protocol": "openai", "base_url": "https://u:p@example.com"}),
            "upstream_forbidden",
        ),
        (
            json!({"name": "a", "protocol": "openai", "max_wait_ms": 604_800_001}),
            "invalid_body",
        ),
    ] {
        let refused = api.post("/api/v1/pools", body.clone()).await;
        assert_eq!(refused.code(), code, "{body}");
    }
    let change = Some(json!({"fallback": "anthropic"}));
    let circle = api
        .call(Method::PATCH, "/api/v1/pools/anthropic", change)
        .await;
    assert_eq!(circle.is(400).code(), "bad_fallback");
}

#[tokio::test]
async fn another_origin_sets_keys_aside_and_clearing_does_not_help() {
    let api = Api::new().await;
    let key = api.key("a").await;
    let change = Some(json!({"base_url": "https://other.example"}));
    let changed = api
        .call(Method::PATCH, "/api/v1/pools/anthropic", change)
        .await
        .is(200)
        .json();
    assert_eq!(changed["quarantined"], json!(["a"]));
    let refused = api
        .call(Method::POST, "/api/v1/keys/anthropic:a/clear", None)
        .await;
    assert_eq!(refused.is(409).code(), "secret_needed");
    let path = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
    let change = Some(json!({"secret": "sk-a"}));
    let renewed = api.call(Method::PATCH, &path, change).await.is(200).json();
    assert_eq!(renewed["quarantine"], json!(null));
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_no_event() {
    let api = Api::new().await;
    api.key("a").await;
    let same = json!({"base_url": "https://api.anthropic.com/v1/", "fallback": null});
    for (path, same) in [
        ("/api/v1/pools/anthropic", same),
        (
            "/api/v1/keys/anthropic:a",
            json!({"label": "a", "priority": 0}),
        ),
    ] {
        api.call(Method::PATCH, path, Some(same)).await.is(200);
    }
    let spare = json!({"name": "spare", "protocol": "anthropic"});
    api.post("/api/v1/pools", spare).await.is(201);
    let change = Some(json!({"fallback": "spare"}));
    api.call(Method::PATCH, "/api/v1/pools/anthropic", change)
        .await
        .is(200);
    for (action, details) in [
        ("key.changed", vec![]),
        ("pool.changed", vec![json!({"fallback": "spare"})]),
    ] {
        let log = api
            .get(&format!("/api/v1/audit?action={action}"))
            .await
            .json();
        let told = log["items"].as_array().unwrap().iter();
        let told: Vec<_> = told.map(|event| event["details"].clone()).collect();
        assert_eq!(told, details, "{action}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_address_or_a_name_is_said() {
    let api = Api::new().await;
    let detail_and_fix = async |base_url: &str| {
        let pool = json!({"name": "a", "protocol": "openai", "base_url": base_url});
        let refused = api.post("/api/v1/pools", pool).await.is(400).json();
        format!("{} | {}", refused["detail"], refused["fix"])
    };
    for (url, part) in [
        ("http://api.anthropic.com", "https instead of http"),
        ("ftp://example.com", "such as https://"),
        ("https://u:p@example.com", "no user or password"),
        ("http://169.254.169.254", "no setting allows"),
    ] {
        let told = detail_and_fix(url).await;
        assert!(told.contains(part), "{told}");
        assert!(!told.contains("allow_private"), "{told}");
    }
    let pool = json!({"name": "a", "protocol": "openai", "fallback": "spare"});
    let told = api.post("/api/v1/pools", pool).await.is(400).json();
    assert_eq!(
        told["detail"],
        "no pool is named like the fallback: \"spare\""
    );
    for (path, detail) in [
        ("agents/mayr", "no agent has this name or id: \"mayr\""),
        (
            "tokens?agent=mayr",
            "no agent has this name or id: \"mayr\"",
        ),
        ("keys?pool=spare", "no pool has this name or id: \"spare\""),
        ("agents/sk-ant-canary", "no agent has this name or id"),
    ] {
        let told = api.get(&format!("/api/v1/{path}")).await.is(404).json();
        assert_eq!(told["detail"], detail);
    }
}
