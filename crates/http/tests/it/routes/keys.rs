//! `/api/v1/keys`.

use crate::api::{Answer, Api};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn change(api: &Api, method: Method, path: &str, body: Option<Value>) -> Answer {
    api.call(method, &format!("/api/v1/keys/{path}"), body)
        .await
}

#[tokio::test]
async fn a_key_is_added_changed_switched_and_removed() {
    let api = Api::new().await;
    let key = api.key("a").await;
    assert_eq!(
        (&key["pool"], &key["enabled"]),
        (&json!("anthropic"), &json!(true))
    );
    let body = Some(
        json!({"label": "b", "priority": 5, "base_url": "http://127.0.0.1:1/x/", "secret": "sk-b"}),
    );
    let changed = change(&api, Method::PATCH, "anthropic:a", body)
        .await
        .is(200)
        .json();
    assert_eq!(
        (&changed["label"], &changed["priority"]),
        (&json!("b"), &json!(5))
    );
    assert_eq!(changed["base_url"], "http://127.0.0.1:1/x");
    assert_eq!(changed["quarantine"], json!(null));
    assert_ne!(changed["fingerprint"], key["fingerprint"]);
    let off = change(
        &api,
        Method::POST,
        "anthropic:b/disable",
        Some(json!({"force": true})),
    );
    assert_eq!(off.await.is(200).json()["enabled"], false);
    let status = api
        .get("/api/v1/keys/status?pool=anthropic")
        .await
        .is(200)
        .json();
    assert_eq!(status["pools"][0]["keys"][0]["condition"], "disabled");
    change(&api, Method::POST, "anthropic:b/enable", None)
        .await
        .is(200);
    let removed = change(&api, Method::DELETE, "anthropic:b?force=true", None)
        .await
        .is(200)
        .json();
    assert_eq!(removed["key"]["id"], key["id"]);
    let gone = change(&api, Method::DELETE, "anthropic:b", None).await;
    assert_eq!(gone.is(404).code(), "not_found");
}

#[tokio::test]
async fn the_last_enabled_key_needs_force() {
    let api = Api::new().await;
    api.key("a").await;
    for (method, path) in [
        (Method::DELETE, "anthropic:a"),
        (Method::DELETE, "anthropic:a?force=false"),
        (Method::POST, "anthropic:a/disable"),
    ] {
        let refused = change(&api, method, path, None).await;
        assert_eq!(refused.is(409).code(), "last_enabled_key", "{path}");
    }
    api.key("b").await;
    change(&api, Method::DELETE, "anthropic:a", None)
        .await
        .is(200);
}

#[tokio::test]
async fn the_eleventh_change_in_a_minute_waits_and_others_do_not() {
    let api = Api::new().await;
    for number in 0..10 {
        api.key(&format!("k{number}")).await;
        api.clock.advance(Duration::from_secs(1));
    }
    let paced = change(&api, Method::DELETE, "anthropic:k0", None)
        .await
        .is(429);
    assert_eq!(paced.code(), "rate_limited");
    assert_eq!(paced.header("retry-after"), "50");
    let problem = paced.json();
    let detail = "10 changes of keys in 60 s are allowed; the next one in 50 s";
    assert_eq!(problem["detail"], detail);
    assert!(problem["fix"].as_str().unwrap().starts_with("wait 50 s;"));
    api.get("/api/v1/keys").await.is(200);
    api.agent("mayor").await;
    api.clock.advance(Duration::from_millis(49_999));
    let paced = change(&api, Method::DELETE, "anthropic:k0", None)
        .await
        .is(429);
    assert_eq!(paced.header("retry-after"), "1");
    api.clock.advance(Duration::from_millis(1));
    change(&api, Method::DELETE, "anthropic:k0", None)
        .await
        .is(200);
}

#[tokio::test]
async fn many_keys_are_one_change_and_all_or_none() {
    let api = Api::new().await;
    let key =
        |label: &str| json!({"pool": "openai", "label": label, "secret": format!("sk-{label}")});
    let keys: Vec<_> = (0..100).map(|number| key(&format!("k{number}"))).collect();
    let added = change(&api, Method::POST, "batch", Some(json!({"keys": keys})))
        .await
        .is(201)
        .json();
    assert_eq!(added["keys"][99]["label"], "k99");
    let half = json!({"keys": [key("new"), key("k7")]});
    let refused = change(&api, Method::POST, "batch", Some(half))
        .await
        .is(409);
    assert_eq!(refused.code(), "label_taken");
    let wrong = json!({"keys": [key("new"), {"pool": "openai", "label": "a b", "secret": "x"}]});
    let refused = change(&api, Method::POST, "batch", Some(wrong))
        .await
        .is(400);
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("keys[1].label")
    );
    let listed = api
        .get("/api/v1/keys?pool=openai&limit=1000")
        .await
        .is(200)
        .json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 100);
    let none = change(&api, Method::POST, "batch", Some(json!({"keys": []}))).await;
    assert_eq!(none.is(400).code(), "invalid_body");
}

#[tokio::test]
async fn what_a_key_cannot_be_is_refused() {
    let api = Api::new().await;
    for (body, code) in [
        (
            json!({"pool": "nothing", "label": "a", "secret": "x"}),
            "not_found",
        ),
        (
            json!({"pool": "openai", "label": "", "secret": "x"}),
            "invalid_body",
        ),
        (
            json!({"pool": "openai", "label": "a", "secret": ""}),
            "invalid_body",
        ),
        (
            json!({"pool": "openai", "label": "a", "secret": "two words"}),
            "invalid_body",
        ),
        (
            json!({"pool": "openai", "label": "a", "secret": "ptna_x"}),
            "invalid_body",
        ),
        (
            json!({"pool": "openai", "label": "a", "secret": "x", "priority": -1}),
            "invalid_body",
        ),
        (
            json!({"pool": "openai", "label": "a", "secret": "x", "base_url": "ftp://x"}),
            "upstream_forbidden",
        ),
        (json!({"pool": "openai", "label": "a"}), "invalid_body"),
    ] {
        let refused = api.post("/api/v1/keys", body.clone()).await;
        assert_eq!(refused.code(), code, "{body}");
    }
}

#[tokio::test]
async fn an_import_without_an_offer_says_so() {
    let api = Api::new().await;
    let refused = change(&api, Method::POST, "import-env", None).await;
    assert_eq!(refused.is(409).code(), "nothing_to_import");
}

#[tokio::test]
async fn an_upstream_that_cannot_be_reached_is_told_wherever_keys_and_pools_are_listed() {
    let api = Api::new().await;
    api.key("a").await;
    let elsewhere = json!({
        "pool": "anthropic", "label": "b", "secret": "sk-b", "base_url": "http://127.0.0.1:1/x",
    });
    api.post("/api/v1/keys", elsewhere).await.is(201);
    let pool = api.get("/api/v1/pools/anthropic").await.is(200).json();
    assert!(pool.get("unreachable").is_none(), "{pool}");
    let base_url = pool["base_url"].as_str().unwrap();
    let reach = api.plane.pools().reach();
    reach.missed(
        base_url,
        "the connection was refused".into(),
        api.plane.now(),
    );
    api.clock.advance(Duration::from_secs(60));
    reach.missed(
        base_url,
        "the connection was refused".into(),
        api.plane.now(),
    );
    let told = json!({
        "base_url": base_url, "why": "the connection was refused",
        "since": "2026-11-01T00:00:00.000Z", "tried_at": "2026-11-01T00:01:00.000Z",
    });
    let pool = api.get("/api/v1/pools/anthropic").await.is(200).json();
    assert_eq!(pool["unreachable"], told);
    let pools = api.get("/api/v1/pools").await.is(200).json();
    assert_eq!(pools["items"][0]["unreachable"], told);
    let keys = api.get("/api/v1/keys?pool=anthropic").await.is(200).json();
    let status = api.get("/api/v1/keys/status?pool=anthropic").await.is(200);
    let status = status.json();
    for listed in [&keys["items"], &status["pools"][0]["keys"]] {
        assert_eq!(listed[0]["unreachable"], told);
        assert!(listed[1].get("unreachable").is_none(), "{listed}");
    }
    // The key itself is well.
    assert_eq!(status["pools"][0]["keys"][0]["condition"], "ready");
    let glance = api.get("/api/v1/status").await.is(200).json();
    let pools = glance["pools"].as_array().unwrap();
    let anthropic = pools.iter().find(|pool| pool["pool"] == "anthropic");
    let anthropic = anthropic.unwrap();
    assert_eq!(
        (&anthropic["ready"], &anthropic["unreachable"]),
        (&json!(2), &json!(1))
    );
    reach.reached(base_url);
    let pool = api.get("/api/v1/pools/anthropic").await.is(200).json();
    assert!(pool.get("unreachable").is_none(), "{pool}");
}
