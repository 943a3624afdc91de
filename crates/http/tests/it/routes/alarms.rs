//! `/api/v1/alarms`.

use crate::api::Api;
use http::Method;
use serde_json::{Value, json};

async fn listed(api: &Api, query: &str) -> Vec<Value> {
    let list = api.get(&format!("/api/v1/alarms{query}")).await.is(200);
    list.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_alarm_is_listed_until_it_is_acknowledged() {
    let api = Api::new().await;
    assert!(listed(&api, "").await.is_empty());
    for _ in 0..10 {
        api.look_from("203.0.113.7", "ptna_wrong", "/api/v1/whoami")
            .await
            .is(401);
    }
    let open = listed(&api, "?state=open").await;
    assert_eq!(open.len(), 1);
    let alarm = &open[0];
    assert_eq!(alarm["kind"], "source.penalised");
    assert_eq!(alarm["subject"], "203.0.113.7");
    assert_eq!(alarm["acknowledged_at"], Value::Null);
    let path = format!(
        "/api/v1/alarms/{}/acknowledge",
        alarm["id"].as_str().unwrap()
    );
    let acked = api.post(&path, json!({})).await.is(200).json();
    assert_eq!(acked["alarm"]["acknowledged_by"]["name"], "operator");
    assert!(listed(&api, "?state=open").await.is_empty());
    assert_eq!(
        listed(&api, "?state=acknowledged").await,
        [acked["alarm"].clone()]
    );
    for path in [path.as_str(), "/api/v1/alarms/nothing/acknowledge"] {
        let refused = api.call(Method::POST, path, None).await.is(404);
        assert_eq!(refused.code(), "not_found");
    }
    let refused = api.get("/api/v1/alarms?state=late").await.is(400);
    assert_eq!(refused.code(), "invalid_parameter");
}
