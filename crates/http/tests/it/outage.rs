//! While the database does not answer: changes say 503 with a retry, agents go on.

use crate::api::Api;
use http::Method;
use portunus_store::memory::Outage;
use serde_json::json;

#[tokio::test]
async fn changes_are_refused_and_credentials_still_prove() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    api.store.outage(Outage::Begins);
    let refused = api
        .post("/api/v1/agents", json!({"name": "judge"}))
        .await
        .is(503);
    assert_eq!(refused.code(), "store_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(api.get("/readyz").await.is(503).code(), "store_unavailable");
    api.call_as(&agent, Method::GET, "/api/v1/whoami", None)
        .await
        .is(200);
    let status = api.get("/api/v1/status").await.is(200).json();
    assert_eq!(status["store"], "unavailable");
    api.store.outage(Outage::Ends);
    api.post("/api/v1/agents", json!({"name": "judge"}))
        .await
        .is(201);
}
