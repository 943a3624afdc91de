//! A new agent of an old name is somebody else: nothing that was the old one's is its own, or can be seen by it.

use crate::api::Api;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const INBOX: &str = "/api/v1/inbox";
const HEARTBEAT: &str = "/api/v1/heartbeat";

/// What operators see of whoever has the name, without what every agent has.
async fn seen(api: &Api) -> Vec<Value> {
    let mut agent = api.get("/api/v1/agents/mayor").await.is(200).json();
    let fields = agent.as_object_mut().unwrap();
    for own in ["id", "created_at"] {
        assert!(fields.remove(own).is_some(), "{own}");
    }
    let mut all = vec![agent];
    all.push(api.get("/api/v1/budgets?agent=mayor").await.is(200).json());
    let tokens = api.get("/api/v1/tokens?agent=mayor").await.is(200);
    all.push(json!(tokens.json()["items"].as_array().unwrap().len()));
    all
}

async fn as_agent(api: &Api, token: &str, method: Method, path: &str, body: Value) -> Value {
    let body = Some(body).filter(|body| !body.is_null());
    api.call_as(token, method, path, body).await.is(200).json()
}

#[tokio::test]
async fn a_new_agent_of_the_old_name_shares_nothing_with_it() {
    let api = Api::new().await;
    let old = api.agent("mayor").await;
    let fresh = seen(&api).await;
    let clerk = api.agent("clerk").await;
    // A life: a cadence and a note, messages to it and from it, a budget, a change under a key, an access token.
    let beat = json!({"cadence": "10m", "note": "on my way"});
    as_agent(&api, &old, Method::POST, HEARTBEAT, beat).await;
    for (from, to) in [(&clerk, "mayor"), (&old, "clerk")] {
        let path = format!("/api/v1/agents/{to}/messages");
        let body = Some(json!({"text": "for your eyes"}));
        api.call_as(from, Method::POST, &path, body).await.is(201);
    }
    let budget = json!({
        "scope": "agent", "subject": "mayor", "measure": "requests", "window": "day", "limit": 1,
    });
    api.post("/api/v1/budgets", budget).await.is(201);
    let route = (Method::POST, "/api/v1/agents/clerk/messages");
    let body = Some(json!({"text": "once"}));
    let first = api
        .keyed_as(&old, &["k"], route.clone(), body.clone())
        .await;
    let first = first.is(201).json();
    let access = api.exchange(&old, None).await.is(200).json();
    let access = access["access_token"].as_str().unwrap().to_owned();

    api.call(Method::DELETE, "/api/v1/agents/mayor", None)
        .await
        .is(200);
    api.clock.advance(Duration::from_secs(1));
    let new = api.agent("mayor").await;
    assert_eq!(seen(&api).await, fresh);
    for ended in [&old, &access] {
        api.whoami(ended).await.is(401);
    }
    // Not what was written to the other one, nor what it wrote.
    let inbox = as_agent(&api, &new, Method::GET, INBOX, Value::Null).await;
    assert_eq!(inbox["items"], json!([]));
    let written = first["message"]["id"].as_str().unwrap();
    let path = format!("/api/v1/messages/{written}");
    let look = api.call_as(&new, Method::GET, &path, None).await.is(404);
    assert_eq!(look.code(), "not_found");
    // The same change under the same key is another one.
    let anew = api.keyed_as(&new, &["k"], route, body).await.is(201);
    assert_eq!(anew.header("idempotency-replayed"), "");
    assert_ne!(anew.json()["message"]["id"], first["message"]["id"]);
}
