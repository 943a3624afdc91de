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
