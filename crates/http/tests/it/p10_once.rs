//! P10 once: a request that comes again under its key changes nothing and gets the first's answer.

use crate::api::{Answer, Api};
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use std::time::Duration;

impl Api {
    /// A request of a token's under keys, each in a header of its own.
    pub(crate) async fn keyed_as(
        &self,
        token: &str,
        keys: &[&str],
        (method, path): (Method, &str),
        body: Option<Value>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let mut request = request.header("authorization", format!("Bearer {token}"));
        for key in keys {
            request = request.header("idempotency-key", *key);
        }
        let body = match body {
            None => Body::empty(),
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
        };
        self.send(request.body(body).unwrap()).await
    }

    async fn create(&self, key: &str, name: &str) -> Answer {
        let route = (Method::POST, "/api/v1/agents");
        let body = Some(json!({"name": name}));
        self.keyed_as(&self.operator, &[key], route, body).await
    }

    async fn agents(&self) -> usize {
        let list = self.get("/api/v1/agents").await.is(200).json();
        list["items"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn p10_a_repetition_gets_the_first_answer_and_changes_nothing() {
    let api = Api::new().await;
    let first = api.create("\"8e03978e\"", "mayor").await.is(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    // The bare form is the same key.
    for key in ["\"8e03978e\"", "8e03978e"] {
        let again = api.create(key, "mayor").await.is(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.text, first.text);
        assert_eq!(again.header("content-type"), "application/json");
    }
    assert_eq!(api.agents().await, 1);
    // The answer's token is the agent's.
    let token = first.json()["token"].as_str().unwrap().to_owned();
    let whoami = api.call_as(&token, Method::GET, "/api/v1/whoami", None);
    whoami.await.is(200);
}

#[tokio::test]
async fn p10_another_request_under_the_key_is_refused_and_does_nothing() {
    let api = Api::new().await;
    api.create("k", "mayor").await.is(201);
    let other = api.create("k", "clerk").await.is(422);
    assert_eq!(other.code(), "idempotency_key_reused");
    assert_eq!(api.agents().await, 1);
    // On another route it is another claim.
    let route = (Method::DELETE, "/api/v1/agents/mayor");
    api.keyed_as(&api.operator, &["k"], route, None)
        .await
        .is(200);
}

#[tokio::test]
async fn p10_refusals_are_not_kept() {
    let api = Api::new().await;
    api.agent("mayor").await;
    let taken = api.create("k", "mayor").await.is(409);
    assert_eq!(taken.code(), "name_taken");
    api.call(Method::DELETE, "/api/v1/agents/mayor", None)
        .await
        .is(200);
    let created = api.create("k", "mayor").await.is(201);
    assert_eq!(created.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn p10_what_is_no_key_is_refused_by_name() {
    let api = Api::new().await;
    let long = "k".repeat(256);
    let route = || (Method::POST, "/api/v1/agents");
    let wrong: [&[&str]; 6] = [
        &["a", "b"],
        &["a", "a"],
        &[""],
        &["\"\""],
        &[&long],
        &["a b"],
    ];
    for keys in wrong {
        let body = Some(json!({"name": "mayor"}));
        let refused = api.keyed_as(&api.operator, keys, route(), body).await;
        assert_eq!(
            refused.is(400).code(),
            "invalid_idempotency_key",
            "{keys:?}"
        );
    }
    assert_eq!(api.agents().await, 0);
    // Where nothing changes no key counts.
    let look = api.keyed_as(
        &api.operator,
        &["a", "b"],
        (Method::GET, "/api/v1/agents"),
        None,
    );
    look.await.is(200);
}

#[tokio::test]
async fn p10_a_key_is_nobody_elses() {
    let api = Api::new().await;
    let body = || Some(json!({"name": "helper"}));
    let route = || (Method::POST, "/api/v1/agents");
    let scopes = ["*.*"];
    let create = json!({"name": "mayor", "scopes": scopes});
    let mayor = api.post("/api/v1/agents", create).await.is(201).json();
    let mayor = mayor["token"].as_str().unwrap();
    let of_operator = api
        .keyed_as(&api.operator, &["k"], route(), body())
        .await
        .is(201);
    // Neither the answer nor its fingerprint is to be had for another principal.
    let of_mayor = api.keyed_as(mayor, &["k"], route(), body()).await.is(409);
    assert_eq!(of_mayor.code(), "name_taken");
    assert!(!of_mayor.text.contains("ptna_"));
    // Nor for the same principal with a credential that may do less than the one that minted.
    let narrowed = json!({"grant_type": "client_credentials", "scope": "agents.create"});
    let narrowed = api.call_as(&api.operator, Method::POST, "/api/v1/token", Some(narrowed));
    let narrowed = narrowed.await.is(200).json();
    let narrowed = narrowed["access_token"].as_str().unwrap();
    let refused = api
        .keyed_as(narrowed, &["k"], route(), body())
        .await
        .is(422);
    assert_eq!(refused.code(), "idempotency_key_reused");
    let again = api.keyed_as(&api.operator, &["k"], route(), body()).await;
    assert_eq!(again.text, of_operator.text);
}

#[tokio::test]
async fn p10_an_answer_with_a_secret_is_gone_after_ten_minutes_and_says_what_to_do() {
    let api = Api::new().await;
    let first = api.create("k", "mayor").await.is(201).json();
    api.clock.advance(Duration::from_secs(599));
    api.create("k", "mayor").await.is(201);
    api.clock.advance(Duration::from_secs(1));
    let gone = api.create("k", "mayor").await.is(409);
    assert_eq!(gone.code(), "already_done");
    let problem = gone.json();
    let detail = problem["detail"].as_str().unwrap();
    let id = first["agent"]["id"].as_str().unwrap();
    assert!(
        detail.contains("agent.created") && detail.contains(id),
        "{detail}"
    );
    assert!(problem["fix"].as_str().unwrap().contains("tokens rotate"));
    assert_eq!(api.agents().await, 1);
    // A day later the key is free.
    api.clock.advance(Duration::from_secs(24 * 3600));
    let taken = api.create("k", "mayor").await.is(409);
    assert_eq!(taken.code(), "name_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn p10_fifty_at_once_are_one() {
    let api = Api::new().await;
    let all = futures_util::future::join_all((0..50).map(|_| api.create("k", "mayor"))).await;
    let (told, running): (Vec<_>, Vec<_>) = all.iter().partition(|answer| answer.status == 201);
    let first: Vec<_> = told
        .iter()
        .filter(|answer| answer.header("idempotency-replayed").is_empty())
        .collect();
    assert_eq!(first.len(), 1);
    assert!(told.iter().all(|answer| answer.text == first[0].text));
    for answer in running {
        assert_eq!(answer.code(), "request_running");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(api.agents().await, 1);
}
