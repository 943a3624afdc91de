//! Every route of the router, for nobody, for an agent and for an operator. A route that is registered is here by
//! itself; what an agent may use is listed, and the list may only shrink.

use crate::api::Api;
use http::{Method, StatusCode};
use portunus_http::{Access, route_facts};
use std::sync::Arc;

/// What agents may use besides what is open to anybody.
const FOR_AGENTS: [(Method, &str); 1] = [(Method::GET, "/api/v1/whoami")];

/// What is open to anybody: nothing of the plane's is told there.
const OPEN: [(Method, &str); 4] = [
    (Method::GET, "/healthz"),
    (Method::GET, "/readyz"),
    (Method::GET, "/errors"),
    (Method::GET, "/openapi.json"),
];

fn concrete(path: &str) -> String {
    path.replace("{agent}", "nobody")
        .replace("{operator}", "nobody")
        .replace("{kid}", "nothing")
        .replace("{pool}", "nothing")
        .replace("{key}", "nothing:here")
        .replace("{request}", "req_0000000000000000000000")
        .replace("{budget}", "nothing")
        .replace("{source}", "nothing")
}

#[tokio::test]
async fn every_route_is_closed_to_those_who_may_not_use_it() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    let routes = route_facts(Arc::clone(&api.plane));
    assert!(routes.len() > 25);
    for route in routes {
        let path = concrete(&route.path);
        let as_nobody = api.call_as("", route.method.clone(), &path, None).await;
        let as_agent = api.call_as(&agent, route.method.clone(), &path, None).await;
        let as_operator = api.call(route.method.clone(), &path, None).await;
        let place = (route.method.clone(), route.path.as_str());
        if route.access == Access::Open {
            assert!(OPEN.contains(&place), "{place:?} is open to anybody");
            assert!(as_nobody.status.is_success(), "{place:?}");
            continue;
        }
        assert_eq!(as_nobody.code(), "missing_credential", "{place:?}");
        if FOR_AGENTS.contains(&place) {
            assert_eq!(as_agent.status, StatusCode::OK, "{place:?}");
        } else {
            assert_eq!(as_agent.code(), "insufficient_scope", "{place:?}");
            assert_eq!(as_agent.status, StatusCode::FORBIDDEN);
            let Access::Guarded(scope) = route.access else {
                panic!("open")
            };
            let challenge = as_agent.header("www-authenticate");
            assert!(
                challenge.contains(&format!("scope=\"{scope}\"")),
                "{challenge}"
            );
        }
        let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
        assert!(
            !refused.contains(&as_operator.status),
            "{place:?}: {as_operator:?}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_same_shape() {
    let api = Api::new().await;
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v2/agents",
        "/api/v1/agents/",
    ] {
        assert_eq!(api.get(path).await.is(404).code(), "not_found", "{path}");
    }
    let wrong = api.call(Method::PUT, "/api/v1/agents", None).await.is(405);
    assert_eq!(wrong.code(), "method_not_allowed");
    let allowed = wrong.header("allow");
    assert!(
        allowed.contains("GET") && allowed.contains("POST"),
        "{allowed}"
    );
}

#[tokio::test]
async fn a_model_request_that_misses_the_door_is_told_the_base_url() {
    let api = Api::new().await;
    for path in [
        "/chat/completions",
        "/messages",
        "/api/v1/responses",
        "/embeddings/",
    ] {
        let problem = api.get(path).await.is(404).json();
        let fix = problem["fix"].as_str().unwrap();
        assert!(
            fix.contains("base URL") && fix.contains("/v1"),
            "{path}: {fix}"
        );
    }
}

#[tokio::test]
async fn readiness_ends_with_the_drain() {
    let api = Api::new().await;
    api.get("/readyz").await.is(200);
    let status = || api.get("/api/v1/status");
    assert_eq!(status().await.json()["draining"], false);
    api.plane.begin_drain();
    assert_eq!(status().await.json()["draining"], true);
    assert_eq!(api.get("/readyz").await.is(503).code(), "draining");
    api.get("/healthz").await.is(200);
}
