//! P3 through the API: whatever is rotated, one token is active and at most one retires.

use crate::api::Api;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn states(api: &Api) -> Vec<String> {
    let tokens = api.get("/api/v1/tokens?agent=mayor").await.is(200).json();
    let tokens = tokens["items"].as_array().unwrap().clone();
    let mut states: Vec<_> = tokens
        .iter()
        .map(|token| token["state"].as_str().unwrap().to_owned())
        .collect();
    states.sort();
    states
}

async fn rotate(api: &Api, body: Value) -> Value {
    let path = "/api/v1/agents/mayor/tokens/rotate";
    api.post(path, body).await.is(201).json()
}

async fn uses(api: &Api, token: &Value) -> u16 {
    let token = token.as_str().unwrap();
    let answer = api
        .call_as(token, Method::GET, "/api/v1/whoami", None)
        .await;
    answer.status.as_u16()
}

#[tokio::test]
async fn rotations_keep_one_active_and_one_retiring() {
    let api = Api::new().await;
    let first = json!(api.agent("mayor").await);
    assert_eq!(states(&api).await, ["active"]);
    let second = rotate(&api, json!({})).await;
    assert_eq!(states(&api).await, ["active", "retiring"]);
    assert_eq!(second["retiring"]["state"], "retiring");
    let third = rotate(&api, json!({})).await;
    assert_eq!(states(&api).await, ["active", "retiring", "revoked"]);
    assert_eq!(uses(&api, &second["token"]).await, 401);
    assert_eq!(uses(&api, &first).await, 200);
    assert_eq!(uses(&api, &third["token"]).await, 200);
    api.clock.advance(Duration::from_secs(60));
    assert_eq!(uses(&api, &first).await, 401);
    api.plane.flush().await.unwrap();
    assert_eq!(states(&api).await, ["active", "revoked", "revoked"]);
}

#[tokio::test]
async fn an_overlap_of_zero_leaves_only_the_successor() {
    let api = Api::new().await;
    let first = json!(api.agent("mayor").await);
    let second = rotate(&api, json!({"overlap_ms": 0})).await;
    assert_eq!(states(&api).await, ["active", "revoked"]);
    assert_eq!(uses(&api, &first).await, 401);
    assert_eq!(uses(&api, &second["token"]).await, 200);
    let path = "/api/v1/agents/mayor/tokens/rotate";
    let too_long = api.post(path, json!({"overlap_ms": 604_800_001})).await;
    assert_eq!(too_long.is(400).code(), "invalid_body");
}

#[tokio::test]
async fn a_token_with_an_end_says_so_everywhere() {
    let api = Api::new().await;
    let body = json!({"name": "mayor", "expires_in_ms": 60_000});
    let created = api.post("/api/v1/agents", body).await.is(201).json();
    let end = created["expires_at"].as_str().unwrap().to_owned();
    let token = created["token"].as_str().unwrap();
    let told = api.call_as(token, Method::GET, "/api/v1/whoami", None);
    assert_eq!(told.await.is(200).json()["expires_at"], json!(end));
    api.clock.advance(Duration::from_secs(60));
    let refused = api
        .call_as(token, Method::GET, "/api/v1/whoami", None)
        .await;
    assert_eq!(refused.is(401).code(), "invalid_token");
    let refused = api
        .call_as(token, Method::GET, "/api/v1/whoami", None)
        .await;
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("expired")
    );
    let tokens = api.get("/api/v1/tokens?agent=mayor").await.is(200).json();
    assert_eq!(tokens["items"][0]["state"], "expired");
    assert_eq!(tokens["items"][0]["expires_at"], json!(end));
    let path = "/api/v1/agents/mayor/tokens/rotate";
    for wrong in [
        json!({"expires_at": end}),
        json!({"expires_at": "tomorrow"}),
        json!({"expires_in_ms": 0}),
        json!({"expires_in_ms": u64::MAX}),
        json!({"expires_in_ms": 5, "expires_at": "2999-01-01T00:00:00Z"}),
    ] {
        assert_eq!(
            api.post(path, wrong.clone()).await.is(400).code(),
            "invalid_body",
            "{wrong}"
        );
    }
    let rotated = rotate(&api, json!({"expires_in_ms": 60_000})).await;
    assert!(rotated.get("retiring").is_none());
    assert_eq!(uses(&api, &rotated["token"]).await, 200);
}

#[tokio::test]
async fn nobody_makes_a_token_that_outlives_their_own() {
    let api = Api::new().await;
    let body = json!({"name": "hirer", "scopes": ["*.*"], "expires_in_ms": 3_600_000});
    let hirer = api.post("/api/v1/agents", body).await.is(201).json();
    let (token, end) = (
        hirer["token"].as_str().unwrap(),
        hirer["expires_at"].clone(),
    );
    let exchanged = json!({"grant_type": "client_credentials"});
    let exchanged = api.call_as(token, Method::POST, "/api/v1/token", Some(exchanged));
    let exchanged = exchanged.await.is(200).json();
    let access = exchanged["access_token"].as_str().unwrap();
    for credential in [token, access] {
        let create = |body| api.call_as(credential, Method::POST, "/api/v1/agents", Some(body));
        for beyond in [
            json!({"name": "hired"}),
            json!({"name": "hired", "expires_in_ms": 3_600_001}),
        ] {
            let refused = create(beyond).await.is(403);
            assert_eq!(refused.code(), "outlives_credential");
            assert!(
                refused.json()["fix"]
                    .as_str()
                    .unwrap()
                    .contains(end.as_str().unwrap())
            );
        }
        let name = if credential == token { "one" } else { "two" };
        create(json!({"name": name, "expires_at": end}))
            .await
            .is(201);
        let path = format!("/api/v1/agents/{name}/tokens/rotate");
        let rotate = |body| api.call_as(credential, Method::POST, &path, Some(body));
        assert_eq!(
            rotate(json!({})).await.is(403).code(),
            "outlives_credential"
        );
        rotate(json!({"expires_in_ms": 1_000})).await.is(201);
    }
}
