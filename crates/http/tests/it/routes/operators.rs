//! `/api/v1/operators`.

use crate::api::{Answer, Api};
use http::Method;
use serde_json::{Value, json};

const OPERATORS: &str = "/api/v1/operators";

async fn token(api: &Api, body: Value) -> String {
    let created = api.post(OPERATORS, body).await.is(201).json();
    created["token"].as_str().unwrap().to_owned()
}

async fn status(api: &Api, token: &str, path: &str) -> u16 {
    let answer = api.call_as(token, Method::GET, path, None).await;
    answer.status.as_u16()
}

async fn patch(api: &Api, token: &str, name: &str, body: Value) -> Answer {
    let path = format!("{OPERATORS}/{name}");
    api.call_as(token, Method::PATCH, &path, Some(body)).await
}

#[tokio::test]
async fn an_operator_is_created_listed_shown_and_deleted() {
    let api = Api::new().await;
    let body = json!({"name": "ann", "role": "viewer", "scopes": ["keys.*"]});
    let created = api.post(OPERATORS, body).await.is(201).json();
    assert_eq!(created["operator"]["role"], "viewer");
    assert_eq!(created["operator"]["scopes"], json!(["keys.*"]));
    assert!(created["token"].as_str().unwrap().starts_with("ptno_"));
    let shown = api.get("/api/v1/operators/ann").await.is(200).json();
    assert_eq!(shown, created["operator"]);
    let by_id = format!("{OPERATORS}/{}", shown["id"].as_str().unwrap());
    assert_eq!(api.get(&by_id).await.is(200).json(), shown);
    let list = api.get(OPERATORS).await.is(200).json();
    let names: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ann", "operator"]);
    let again = api.post(OPERATORS, json!({"name": "ann"})).await.is(409);
    assert_eq!(again.code(), "name_taken");
    let gone = api.call(Method::DELETE, &by_id, None).await.is(200).json();
    assert_eq!(gone["revoked"], json!([created["kid"]]));
    assert_eq!(
        api.get("/api/v1/operators/ann").await.is(404).code(),
        "not_found"
    );
}

#[tokio::test]
async fn an_operator_without_anything_said_looks_and_changes_nothing() {
    let api = Api::new().await;
    let ann = token(&api, json!({"name": "ann"})).await;
    for path in ["agents", "operators", "keys", "usage", "audit", "status"] {
        let path = format!("/api/v1/{path}");
        assert_eq!(status(&api, &ann, &path).await, 200, "{path}");
    }
    let body = Some(json!({"name": "mayor"}));
    let refused = api.call_as(&ann, Method::POST, "/api/v1/agents", body);
    assert_eq!(refused.await.is(403).code(), "insufficient_scope");
}

#[tokio::test]
async fn nobody_gives_more_than_they_hold() {
    let api = Api::new().await;
    let scopes = json!({"name": "maker", "role": "viewer", "scopes": ["operators.*"]});
    let maker = token(&api, scopes).await;
    for body in [
        json!({"name": "x", "role": "admin"}),
        json!({"name": "x", "role": "operator"}),
        json!({"name": "x", "scopes": ["agents.create"]}),
        json!({"name": "x", "scopes": ["*.*"]}),
    ] {
        let refused = api.call_as(&maker, Method::POST, OPERATORS, Some(body));
        assert_eq!(refused.await.is(403).code(), "insufficient_scope");
    }
    let body = Some(json!({"name": "helper", "role": "viewer"}));
    let made = api.call_as(&maker, Method::POST, OPERATORS, body).await;
    made.is(201);
    let wider = json!({"role": "admin"});
    for name in ["maker", "helper"] {
        let refused = patch(&api, &maker, name, wider.clone()).await.is(403);
        assert_eq!(refused.code(), "insufficient_scope", "{name}");
    }
}

#[tokio::test]
async fn nobody_changes_or_ends_what_is_of_one_who_holds_more() {
    let api = Api::new().await;
    let body = json!({"name": "maker", "role": "operator", "scopes": ["operators.*"]});
    let maker = token(&api, body).await;
    let boss = api.get("/api/v1/whoami").await.json();
    let narrowed = patch(&api, &maker, "operator", json!({"role": "viewer"})).await;
    assert_eq!(narrowed.is(403).code(), "insufficient_scope");
    let kid = boss["kid"].as_str().unwrap();
    for (method, path) in [
        (Method::DELETE, "/api/v1/operators/operator".to_owned()),
        (
            Method::POST,
            "/api/v1/operators/operator/tokens/rotate".to_owned(),
        ),
        (Method::POST, format!("/api/v1/tokens/{kid}/revoke")),
    ] {
        let refused = api.call_as(&maker, method, &path, None).await.is(403);
        assert_eq!(refused.code(), "insufficient_scope", "{path}");
    }
    api.get("/api/v1/whoami").await.is(200);
}

#[tokio::test]
async fn a_change_counts_at_once_for_what_was_issued_before() {
    let api = Api::new().await;
    let ann = token(&api, json!({"name": "ann", "role": "operator"})).await;
    let grant = Some(json!({"grant_type": "client_credentials"}));
    let exchanged = api.call_as(&ann, Method::POST, "/api/v1/token", grant);
    let exchanged = exchanged.await.is(200).json();
    let access = exchanged["access_token"].as_str().unwrap();
    assert_eq!(status(&api, access, "/api/v1/keys").await, 200);
    let changed = patch(
        &api,
        &api.operator,
        "ann",
        json!({"scopes": ["agents.list"]}),
    )
    .await;
    assert_eq!(changed.is(200).json()["role"], Value::Null);
    assert_eq!(status(&api, access, "/api/v1/keys").await, 401);
    assert_eq!(status(&api, &ann, "/api/v1/keys").await, 403);
    assert_eq!(status(&api, &ann, "/api/v1/agents").await, 200);
}

#[tokio::test]
async fn the_last_administrator_stays_unless_forced() {
    let api = Api::new().await;
    token(&api, json!({"name": "ann", "role": "operator"})).await;
    let own = "/api/v1/operators/operator";
    let refused = api.call(Method::DELETE, own, None).await.is(409);
    assert_eq!(refused.code(), "last_administrator");
    let narrowed = patch(&api, &api.operator, "operator", json!({"role": "viewer"})).await;
    assert_eq!(narrowed.is(409).code(), "last_administrator");
    let second = token(&api, json!({"name": "second", "role": "admin"})).await;
    api.call(Method::DELETE, own, None).await.is(200);
    let own = "/api/v1/operators/second";
    let refused = api.call_as(&second, Method::DELETE, own, None).await;
    assert_eq!(refused.is(409).code(), "last_administrator");
    let forced = format!("{own}?force=true");
    let forced = api.call_as(&second, Method::DELETE, &forced, None).await;
    forced.is(200);
}

#[tokio::test]
async fn p5_a_deleted_operators_credentials_end_and_the_name_is_anothers() {
    let api = Api::new().await;
    let ann = token(&api, json!({"name": "ann", "role": "admin"})).await;
    let grant = Some(json!({"grant_type": "client_credentials"}));
    let exchanged = api.call_as(&ann, Method::POST, "/api/v1/token", grant);
    let exchanged = exchanged.await.is(200).json();
    let access = exchanged["access_token"].as_str().unwrap();
    let rotate = "/api/v1/operators/ann/tokens/rotate";
    let rotated = api.post(rotate, json!({})).await.is(201).json();
    let successor = rotated["token"].as_str().unwrap();
    api.call(Method::DELETE, "/api/v1/operators/ann", None)
        .await
        .is(200);
    token(&api, json!({"name": "ann", "role": "admin"})).await;
    for credential in [ann.as_str(), access, successor] {
        assert_eq!(status(&api, credential, "/api/v1/whoami").await, 401);
    }
}

#[tokio::test]
async fn an_operator_who_may_not_is_told_which_role_may() {
    let api = Api::new().await;
    let ann = token(&api, json!({"name": "ann", "role": "viewer"})).await;
    for (path, role) in [("/api/v1/agents", "operator"), (OPERATORS, "admin")] {
        let create = Some(json!({"name": "bob"}));
        let refused = api.call_as(&ann, Method::POST, path, create).await;
        let fix = refused.is(403).json()["fix"].to_string();
        let step = format!("`portunus operators set-role NAME --role {role}`");
        assert!(fix.contains(&step), "{fix}");
    }
    let agent = api.agent("mayor").await;
    let create = Some(json!({"name": "bob"}));
    let refused = api.call_as(&agent, Method::POST, OPERATORS, create).await;
    assert_eq!(refused.is(403).json()["fix"], "use an operator token");
    let short = &ann[..ann.len() - 1];
    let refused = api.call_as(short, Method::GET, OPERATORS, None).await;
    assert_eq!(refused.is(401).json()["fix"], "copy it again, whole");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let api = Api::new().await;
    for body in [
        json!({"name": "Ann"}),
        json!({"name": "ann", "role": "root"}),
        json!({"name": "ann", "scopes": []}),
        json!({"name": "ann", "scopes": ["nothing.asks"]}),
        json!({"name": "ann", "password": "x"}),
    ] {
        api.post(OPERATORS, body).await.is(400);
    }
    let nothing = patch(&api, &api.operator, "operator", json!({})).await;
    assert_eq!(nothing.is(400).code(), "invalid_body");
}
