//! The node: who asks, and how it stands.

use crate::api::Api;
use http::Method;

#[tokio::test]
async fn an_operator_and_an_agent_learn_who_they_are() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    let operator = api.get("/api/v1/whoami").await.is(200).json();
    assert_eq!(operator["kind"], "operator");
    assert_eq!(operator["scopes"][0], "*.*");
    let agent = api
        .call_as(&agent, Method::GET, "/api/v1/whoami", None)
        .await
        .is(200)
        .json();
    assert_eq!(
        (agent["kind"].as_str(), agent["name"].as_str()),
        (Some("agent"), Some("mayor"))
    );
}

#[tokio::test]
async fn the_status_counts_what_there_is() {
    let api = Api::new().await;
    api.agent("mayor").await;
    api.key("a").await;
    let status = api.get("/api/v1/status").await.is(200).json();
    assert_eq!(status["agents"], 1);
    assert_eq!(status["store"], "available");
    assert_eq!(status["pools"][0]["pool"], "anthropic");
    assert_eq!(status["pools"][0]["keys"], 1);
    assert_eq!(status["pools"][0]["ready"], 1);
    assert_eq!(status["authentication"]["rejected"], 0);
}

#[tokio::test]
async fn two_hosts_in_one_request_are_refused() {
    let api = Api::new().await;
    let request = http::Request::get("/openapi.json")
        .header("host", "a")
        .header("host", "b")
        .body(axum::body::Body::empty());
    assert_eq!(
        api.send(request.unwrap()).await.is(400).code(),
        "bad_request"
    );
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_is_not_kept() {
    let api = Api::new().await;
    for path in ["/healthz", "/nothing", "/api/v1/whoami"] {
        let answer = api.get(path).await;
        assert!(answer.header("x-request-id").starts_with("req_"));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}
