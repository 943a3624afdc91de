//! P5 through the API: the request after the acknowledgement is refused.

use crate::api::Api;
use http::Method;
use serde_json::json;

async fn whoami(api: &Api, token: &str) -> u16 {
    let answer = api
        .call_as(token, Method::GET, "/api/v1/whoami", None)
        .await;
    answer.status.as_u16()
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_the_next_request() {
    let api = Api::new().await;
    let created = api
        .post("/api/v1/agents", json!({"name": "mayor"}))
        .await
        .is(201)
        .json();
    let token = created["token"].as_str().unwrap();
    let kid = created["kid"].as_str().unwrap();
    assert_eq!(whoami(&api, token).await, 200);
    let path = format!("/api/v1/tokens/{kid}/revoke");
    let revoked = api.call(Method::POST, &path, None).await.is(200).json();
    assert_eq!(revoked["kid"], kid);
    assert_eq!(whoami(&api, token).await, 401);
    let again = api.call(Method::POST, &path, None).await.is(409);
    assert_eq!(again.code(), "already_revoked");
    let unknown = api
        .call(Method::POST, "/api/v1/tokens/xyz/revoke", None)
        .await;
    assert_eq!(unknown.is(404).code(), "not_found");
}

#[tokio::test]
async fn a_deleted_agents_token_is_refused_and_its_name_is_free() {
    let api = Api::new().await;
    let token = api.agent("mayor").await;
    let taken = api.post("/api/v1/agents", json!({"name": "mayor"})).await;
    assert_eq!(taken.is(409).code(), "name_taken");
    api.call(Method::DELETE, "/api/v1/agents/mayor", None)
        .await
        .is(200);
    assert_eq!(whoami(&api, &token).await, 401);
    api.agent("mayor").await;
    assert_eq!(whoami(&api, &token).await, 401);
}

#[tokio::test]
async fn the_last_operator_token_ends_only_when_forced_and_is_replaced_by_rotation() {
    let api = Api::new().await;
    let me = api.get("/api/v1/whoami").await.json();
    let own = format!("/api/v1/tokens/{}/revoke", me["kid"].as_str().unwrap());
    let refused = api.call(Method::POST, &own, None).await.is(409);
    assert_eq!(refused.code(), "last_operator_token");
    api.get("/api/v1/whoami").await.is(200);
    let rotate = "/api/v1/operators/operator/tokens/rotate";
    let rotated = api.post(rotate, json!({})).await.is(201).json();
    let successor = rotated["token"].as_str().unwrap();
    assert_eq!(rotated["retiring"]["kid"], me["kid"]);
    let leaked = api.call_as(successor, Method::POST, &own, None).await;
    leaked.is(200);
    assert_eq!(whoami(&api, &api.operator).await, 401);
    let own = format!("/api/v1/tokens/{}/revoke", rotated["kid"].as_str().unwrap());
    let force = Some(json!({"force": true}));
    let forced = api.call_as(successor, Method::POST, &own, force).await;
    forced.is(200);
    assert_eq!(whoami(&api, successor).await, 401);
}

#[tokio::test]
async fn an_operator_is_rotated_by_name_or_id_and_by_no_agent() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    let me = api.get("/api/v1/whoami").await.json();
    for operator in ["operator", me["id"].as_str().unwrap()] {
        let path = format!("/api/v1/operators/{operator}/tokens/rotate");
        api.post(&path, json!({})).await.is(201);
        let refused = api.call_as(&agent, Method::POST, &path, None).await;
        assert_eq!(refused.is(403).code(), "insufficient_scope");
    }
    let path = "/api/v1/operators/mayor/tokens/rotate";
    let nobody = api.post(path, json!({})).await.is(404).json();
    assert_eq!(
        nobody["detail"],
        "no operator has this name or id: \"mayor\""
    );
}
