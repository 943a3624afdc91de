//! P6: who acts comes from the credential alone.

use crate::api::Api;
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

/// Headers by which other systems let a request say who it is.
const PRETENCES: [(&str, &str); 6] = [
    ("x-forwarded-user", "operator"),
    ("x-remote-user", "operator"),
    ("x-agent", "operator"),
    ("x-agent-id", "operator"),
    ("x-portunus-agent", "operator"),
    ("from", "operator"),
];

async fn whoami(api: &Api, token: &str, path: &str) -> Value {
    let mut request = Request::get(path).header("authorization", format!("Bearer {token}"));
    for (name, value) in PRETENCES {
        request = request.header(name, value);
    }
    api.send(request.body(Body::empty()).unwrap()).await.json()
}

#[tokio::test]
async fn headers_do_not_change_who_asks() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    let answer = whoami(&api, &agent, "/api/v1/whoami").await;
    assert_eq!(
        (&answer["kind"], &answer["name"]),
        (&json!("agent"), &json!("mayor"))
    );
    let refused = whoami(&api, &agent, "/api/v1/whoami?agent=operator").await;
    assert_eq!(refused["code"], "unknown_parameter");
}

#[tokio::test]
async fn headers_do_not_make_an_agent_an_operator() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    let answer = whoami(&api, &agent, "/api/v1/agents").await;
    assert_eq!(answer["code"], "insufficient_scope");
}

#[tokio::test]
async fn a_body_cannot_name_who_acts_and_the_record_has_the_credentials_principal() {
    let api = Api::new().await;
    for pretence in ["actor", "principal", "by", "created_by", "operator"] {
        let body = json!({"name": "mayor", pretence: "somebody"});
        let refused = api.post("/api/v1/agents", body).await.is(400);
        assert_eq!(refused.code(), "unknown_field");
    }
    api.agent("operator-2").await;
    let operator = api.get("/api/v1/whoami").await.json();
    let log = api
        .get("/api/v1/audit?action=agent.created")
        .await
        .is(200)
        .json();
    let events = log["items"].as_array().unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["actor"]["id"], operator["id"]);
    assert_eq!(events[0]["details"]["name"], "operator-2");
}

#[tokio::test]
async fn the_path_names_what_is_acted_on_and_never_who_acts() {
    let api = Api::new().await;
    let (mayor, _) = (api.agent("mayor").await, api.agent("judge").await);
    let path = "/api/v1/agents/judge/tokens/rotate";
    let refused = api.call_as(&mayor, Method::POST, path, None).await.is(403);
    assert_eq!(refused.code(), "insufficient_scope");
}
