//! The OpenAPI document says exactly what the router serves.

use crate::api::Api;
use portunus_api::ErrorCode;
use portunus_api::index::ApiIndex;
use portunus_http::{Access, route_facts};
use std::collections::BTreeSet;
use std::sync::Arc;

#[tokio::test]
async fn the_document_has_every_route_and_no_other() {
    let api = Api::new().await;
    let document = api.get("/openapi.json").await.is(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()));
            assert!(operation["operationId"].is_string(), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
        }
    }
    let routes = route_facts(Arc::clone(&api.plane));
    let served: BTreeSet<_> = routes
        .into_iter()
        .map(|route| (route.method.to_string(), route.path))
        .collect();
    assert_eq!(described, served);
}

#[tokio::test]
async fn the_index_names_every_route_with_its_scope() {
    let api = Api::new().await;
    let index = api.call_as("", http::Method::GET, "/api", None).await;
    let index: ApiIndex = serde_json::from_value(index.is(200).json()).unwrap();
    let routes = route_facts(Arc::clone(&api.plane));
    assert_eq!(index.routes.len(), routes.len());
    for (told, route) in index.routes.iter().zip(routes) {
        assert_eq!(
            (told.method.as_str(), &told.path),
            (route.method.as_str(), &route.path)
        );
        assert!(!told.summary.is_empty(), "{}", told.path);
        let scope = match route.access {
            Access::Guarded(scope) => Some(scope.to_string()),
            Access::Open | Access::Proven => None,
        };
        assert_eq!(told.scope, scope);
    }
    for path in [&index.openapi, &index.errors] {
        api.get(path).await.is(200);
    }
}

#[tokio::test]
async fn p10_every_change_takes_a_key() {
    let api = Api::new().await;
    let document = api.get("/openapi.json").await.is(200).json();
    for route in route_facts(Arc::clone(&api.plane)) {
        let is_guarded = matches!(route.access, Access::Guarded(_));
        let signs_in = route.path == "/api/v1/sessions";
        let is_change = !route.method.is_safe() && (is_guarded || signs_in);
        let method = route.method.as_str().to_lowercase();
        let operation = &document["paths"][&route.path][&method];
        let parameters = operation["parameters"].as_array();
        let mut parameters = parameters.into_iter().flatten();
        let takes_one = parameters.any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(takes_one, is_change, "{method} {}", route.path);
        if is_change {
            assert!(operation["responses"]["409"].is_object());
            assert!(operation["responses"]["422"].is_object());
        }
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_operation_has_its_own_id() {
    let api = Api::new().await;
    let text = api.get("/openapi.json").await.is(200).text;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    for reference in text.split("\"$ref\":\"").skip(1) {
        let reference = reference.split('"').next().unwrap();
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let ids: Vec<_> = text.split("\"operationId\":\"").skip(1).collect();
    let ids: Vec<_> = ids
        .iter()
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[tokio::test]
async fn every_code_is_explained_where_problems_point_to() {
    let api = Api::new().await;
    let page = api.get("/errors").await.is(200).text;
    for code in ErrorCode::ALL {
        assert!(
            page.contains(&format!("<h2 id=\"{}\">", code.as_str())),
            "{code:?}"
        );
    }
    let html = api.get("/errors").await;
    assert_eq!(html.header("content-type"), "text/html; charset=utf-8");
}

#[tokio::test]
async fn names_and_their_limits_are_in_the_document() {
    let api = Api::new().await;
    let document = api.get("/openapi.json").await.is(200).json();
    let schemas = &document["components"]["schemas"];
    for (schema, field) in [
        ("CreateAgent", "name"),
        ("CreatePool", "name"),
        ("CreatePool", "fallback"),
        ("UpdatePool", "fallback"),
        ("AddKey", "label"),
        ("UpdateKey", "label"),
    ] {
        let field = &schemas[schema]["properties"][field];
        assert_eq!(field["maxLength"], 63, "{schema}: {field}");
        assert!(field["pattern"].is_string(), "{schema}: {field}");
    }
    assert_eq!(schemas["AddKeys"]["properties"]["keys"]["maxItems"], 1000);
}
