//! Unknown fields and parameters are refused by name, on every change and every list.

use crate::api::Api;
use http::Method;
use portunus_http::{Access, route_facts};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn every_guarded_route_refuses_an_unknown_parameter_by_name() {
    let api = Api::new().await;
    for route in route_facts(Arc::clone(&api.plane)) {
        if !matches!(route.access, Access::Guarded(_)) {
            continue;
        }
        api.clock.advance(Duration::from_secs(60));
        let path = format!("{}?limitt=5", route.path.replace(['{', '}'], ""));
        let refused = api.call(route.method.clone(), &path, None).await.is(400);
        assert_eq!(refused.code(), "unknown_parameter", "{path}");
        assert!(
            refused.json()["detail"]
                .as_str()
                .unwrap()
                .contains("\"limitt\"")
        );
    }
}

#[tokio::test]
async fn a_route_that_finds_out_itself_who_asks_does_too() {
    let api = Api::new().await;
    for (method, path) in [
        (Method::GET, "/api/v1/push?limitt=5"),
        (Method::POST, "/api/v1/sessions?limitt=5"),
    ] {
        let refused = api.call(method, path, None).await.is(400);
        assert_eq!(refused.code(), "unknown_parameter", "{path}");
    }
}

#[tokio::test]
async fn every_change_with_a_body_refuses_an_unknown_field_by_name() {
    let api = Api::new().await;
    for route in route_facts(Arc::clone(&api.plane)) {
        // OAuth wants unknown parameters to be ignored (RFC 6749 §3.2).
        let changes = [Method::POST, Method::PATCH].contains(&route.method);
        if !changes || route.access == Access::Proven {
            continue;
        }
        api.clock.advance(Duration::from_secs(60));
        let path = route.path.replace(['{', '}'], "");
        let body = Some(json!({"labell": 1}));
        let refused = api.call(route.method.clone(), &path, body).await.is(400);
        assert_eq!(refused.code(), "unknown_field", "{path}");
        assert!(
            refused.json()["detail"]
                .as_str()
                .unwrap()
                .contains("\"labell\""),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_nested_field_is_named_too() {
    let api = Api::new().await;
    let body = json!({"keys": [{"pool": "anthropic", "label": "a", "secret": "x", "lable": 1}]});
    let refused = api.post("/api/v1/keys/batch", body).await.is(400);
    assert_eq!(refused.code(), "unknown_field");
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("\"lable\"")
    );
}
