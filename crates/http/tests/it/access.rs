//! Every route of the router, for every kind of principal. A route that is registered is here by itself; what an agent may
//! use is listed, and the list may only shrink.

use crate::api::{Answer, Api};
use axum::body::Body;
use http::{Method, Request, StatusCode, request};
use portunus_core::operator::Role;
use portunus_core::scope::{Scope, ScopeSet};
use portunus_http::{Access, route_facts};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// What agents may use besides what is open to anybody.
const FOR_AGENTS: [(Method, &str); 14] = [
    (Method::GET, "/api/v1/push/events"),
    (Method::POST, "/api/v1/push/ack"),
    (Method::GET, "/api/v1/whoami"),
    (Method::GET, "/api/v1/boards"),
    (Method::GET, "/api/v1/boards/{board}"),
    (Method::GET, "/api/v1/boards/{board}/messages"),
    (Method::POST, "/api/v1/boards/{board}/messages"),
    (Method::POST, "/api/v1/agents/{agent}/messages"),
    (Method::GET, "/api/v1/messages/{message}"),
    (Method::GET, "/api/v1/messages/{message}/deliveries"),
    (Method::GET, "/api/v1/inbox"),
    (Method::POST, "/api/v1/inbox/ack"),
    (Method::POST, "/api/v1/notifications"),
    (Method::POST, "/api/v1/heartbeat"),
];

/// What only agents may do, whatever an operator holds.
const FOR_AGENTS_ALONE: [(Method, &str); 2] = [
    (Method::POST, "/api/v1/heartbeat"),
    (Method::GET, "/api/v1/inbox"),
];

/// What is open to anybody: nothing of the plane's is told there but how its tokens are verified.
const OPEN: [(Method, &str); 8] = [
    (Method::POST, "/api/v1/token/upgrade"),
    (Method::GET, "/healthz"),
    (Method::GET, "/readyz"),
    (Method::GET, "/api"),
    (Method::GET, "/errors"),
    (Method::GET, "/openapi.json"),
    (Method::GET, "/.well-known/jwks.json"),
    (Method::GET, "/.well-known/oauth-authorization-server"),
];

/// Where callers prove themselves in OAuth's ways.
const PROVEN: [(Method, &str); 5] = [
    (Method::GET, PUSH),
    (Method::POST, "/api/v1/sessions"),
    (Method::POST, "/api/v1/token"),
    (Method::POST, "/api/v1/token/introspect"),
    (Method::POST, "/api/v1/token/revoke"),
];

const SESSIONS: &str = "/api/v1/sessions";

/// Where a WebSocket is opened: who does not say so in the request says it in the first frame.
const PUSH: &str = "/api/v1/push";

fn concrete(path: &str) -> String {
    path.replace("{agent}", "nobody")
        .replace("{operator}", "nobody")
        .replace("{kid}", "nothing")
        .replace("{pool}", "nothing")
        .replace("{key}", "nothing:here")
        .replace("{request}", "req_0000000000000000000000")
        .replace("{budget}", "nothing")
        .replace("{source}", "nothing")
        .replace("{session}", "nothing")
        .replace("{device}", "nothing")
        .replace("{alarm}", "nothing")
        .replace("{board}", "nothing")
        .replace("{message}", "msg_0000000000000000000000")
        // What would be told has no end.
        .replace("/push/events", "/push/events?visibility_ms=0")
        .replace("{notification}", "ntf_0000000000000000000000")
}

/// Credentials that are worth nothing, each in another way.
fn wrong(agent: &str, access: &str) -> [String; 5] {
    let other = if access.ends_with('A') { "Q" } else { "A" };
    let digit = if agent.ends_with('0') { "1" } else { "0" };
    [
        "sk-somebody-elses".to_owned(),
        format!("{}{digit}", &agent[..agent.len() - 1]),
        "ptna_".to_owned(),
        format!("{}{other}", &access[..access.len() - 1]),
        "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0.e30.".to_owned(),
    ]
}

/// An access token of this scope for a token.
async fn access(api: &Api, token: &str, scope: &str) -> String {
    let body = json!({"grant_type": "client_credentials", "scope": scope});
    let answer = api.call_as(token, Method::POST, "/api/v1/token", Some(body));
    let answer = answer.await.is(200).json();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn beyond(answer: &Answer, scope: Scope, place: &str) {
    assert_eq!(answer.code(), "insufficient_scope", "{place}");
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{place}");
    let challenge = answer.header("www-authenticate");
    let wanted = format!("scope=\"{scope}\"");
    assert!(challenge.contains(&wanted), "{challenge}");
}

#[tokio::test]
async fn every_route_is_closed_to_those_who_may_not_use_it() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    let of_agent = access(&api, &agent, &ScopeSet::agent().to_string()).await;
    let of_agent_narrowed = access(&api, &agent, "llm.call:pool/anthropic").await;
    let of_operator = access(&api, &api.operator, "*.*").await;
    let worthless = wrong(&agent, &of_agent);
    let routes = route_facts(Arc::clone(&api.plane));
    assert!(routes.len() > 35);
    for route in routes {
        let (path, method) = (concrete(&route.path), &route.method);
        let place = (method.clone(), route.path.as_str());
        // Exchanging has a quota.
        api.clock.advance(Duration::from_secs(2));
        let named = format!("{method} {path}");
        let call = |token: &str| {
            let token = token.to_owned();
            let (api, path) = (&api, &path);
            async move { api.call_as(&token, method.clone(), path, None).await }
        };
        let scope = match route.access {
            Access::Open => {
                assert!(OPEN.contains(&place), "{named} is open to anybody");
                let answer = api.call_as("", method.clone(), &path, None).await;
                assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{named}");
                continue;
            }
            Access::Proven => {
                assert!(PROVEN.contains(&place), "{named} proves its callers itself");
                refuses_the_unproven(&api, &path, &worthless).await;
                continue;
            }
            Access::Guarded(scope) => scope,
        };
        assert_eq!(call("").await.code(), "missing_credential", "{named}");
        for credential in &worthless {
            let answer = call(credential).await;
            assert_eq!(answer.code(), "invalid_token", "{named}");
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{named}");
        }
        for credential in [&agent, &of_agent] {
            let answer = call(credential).await;
            if FOR_AGENTS.contains(&place) {
                let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
                assert!(!refused.contains(&answer.status), "{named}: {answer:?}");
            } else {
                beyond(&answer, scope, &named);
            }
        }
        beyond(&call(&of_agent_narrowed).await, scope, &named);
        // The very scope is enough, and every other one is not.
        let own = access(&api, &api.operator, &scope.to_string()).await;
        let other = access(
            &api,
            &api.operator,
            &format!("{}.other other.{}", scope.resource, scope.verb),
        )
        .await;
        beyond(&call(&other).await, scope, &named);
        for credential in [&api.operator, &of_operator, &own] {
            let answer = call(credential).await;
            if FOR_AGENTS_ALONE.contains(&place) {
                assert_eq!(answer.code(), "not_an_agent", "{named}");
                continue;
            }
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
            // A device's token stands for the whole operator and lasts: no access token makes one.
            if credential != &api.operator && route.path.ends_with("{device}/rotate") {
                let codes = ["insufficient_scope", "outlives_credential"];
                assert!(codes.iter().any(|code| answer.code() == *code), "{named}");
                continue;
            }
            // An operator's token is more than the scope that rotates it.
            let is_more = credential == &own && route.path.ends_with("/tokens/rotate");
            assert!(
                is_more || !refused.contains(&answer.status),
                "{named}: {answer:?}"
            );
        }
    }
}

/// A route of OAuth's: whoever proves nothing gets nothing, in OAuth's shape.
async fn refuses_the_unproven(api: &Api, path: &str, worthless: &[String]) {
    let body = || Some(json!({"grant_type": "client_credentials", "token": "x"}));
    if path == SESSIONS {
        return signs_nobody_in(api, worthless).await;
    }
    if path == PUSH {
        return opens_for_nobody(api, worthless).await;
    }
    let nobody = api.call_as("", Method::POST, path, body()).await.is(401);
    assert_eq!(nobody.json()["error"], "invalid_client", "{path}");
    for credential in worthless {
        let answer = api.call_as(credential, Method::POST, path, body()).await;
        assert!(
            [400, 401].contains(&answer.status.as_u16()),
            "{path}: {answer:?}"
        );
        assert!(answer.json()["error"].is_string(), "{path}");
        assert!(answer.json().get("access_token").is_none(), "{path}");
    }
}

/// A WebSocket is not even opened for a credential that is worth nothing.
async fn opens_for_nobody(api: &Api, worthless: &[String]) {
    for credential in worthless {
        let refused = api
            .send(socket(credential).body(Body::empty()).unwrap())
            .await;
        assert_eq!(refused.is(401).code(), "invalid_token");
    }
}

/// A request that opens a WebSocket.
fn socket(credential: &str) -> request::Builder {
    Request::get(PUSH)
        .header("authorization", format!("Bearer {credential}"))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// Signing in: in the shape of every other refusal.
async fn signs_nobody_in(api: &Api, worthless: &[String]) {
    let nobody = api.call_as("", Method::POST, SESSIONS, None).await;
    assert_eq!(nobody.is(401).code(), "missing_credential");
    for credential in worthless {
        let refused = api.call_as(credential, Method::POST, SESSIONS, None).await;
        assert_eq!(refused.code(), "invalid_token");
        assert_eq!(refused.header("set-cookie"), "");
    }
}

/// Whether a route only looks, by its scope: what those who look at everything may use.
fn looks(scope: Scope) -> bool {
    ["list", "show", "read", "status"].contains(&scope.verb)
}

#[tokio::test]
async fn every_route_is_open_to_an_operator_however_proven_as_far_as_the_role_goes() {
    let api = Api::new().await;
    let admin = api.person("boss", "admin").await;
    let viewer = api.person("ann", "viewer").await;
    let boss = api.pair(&api.sign_in("boss").await, "laptop").await;
    let device = api.pair(&api.sign_in("ann").await, "laptop").await;
    for route in route_facts(Arc::clone(&api.plane)) {
        let Access::Guarded(scope) = route.access else {
            continue;
        };
        let (path, method) = (concrete(&route.path), &route.method);
        let named = format!("{method} {path}");
        let own = ["self", "sessions", "devices", "passwords"].contains(&scope.resource)
            || (scope.resource, scope.verb) == ("notifications", "mark");
        // What the route makes of nothing is no refusal of who asks.
        // Neither is that only agents beat.
        let may = |answer: &Answer| match answer.status.as_u16() {
            401 => false,
            403 => answer.code() == "not_an_agent",
            _ => true,
        };
        for token in [&admin, &boss] {
            let answer = api.call_as(token, method.clone(), &path, None).await;
            assert!(may(&answer), "{named}: {answer:?}");
        }
        for token in [&viewer, &device] {
            let answer = api.call_as(token, method.clone(), &path, None).await;
            if looks(scope) || own {
                assert!(may(&answer), "{named}: {answer:?}");
            } else {
                beyond(&answer, scope, &named);
            }
        }
        // A session of each, one of its own per route: signing out is a route.
        for (name, all) in [("boss", true), ("ann", looks(scope) || own)] {
            let session = api.sign_in(name).await;
            let answer = api.change_in(&session, method.clone(), &path, None).await;
            assert_eq!(may(&answer), all, "{named}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_role_operator_holds_everything_but_operators_and_signing_keys() {
    let api = Api::new().await;
    let running = Role::Operator.scopes();
    let not_held = |scope: Scope| {
        let changes = ["create", "update", "delete"].contains(&scope.verb);
        let is_of_operators = scope.resource == "operators" && changes;
        is_of_operators || (scope.resource, scope.verb) == ("signing", "rotate")
    };
    for route in route_facts(Arc::clone(&api.plane)) {
        if let Access::Guarded(scope) = route.access {
            assert_eq!(running.allow(scope), !not_held(scope), "{scope}");
        }
    }
}

#[tokio::test]
async fn the_manual_names_every_scope() {
    let api = Api::new().await;
    let manual = std::fs::read_to_string("../../docs/scopes.md").unwrap();
    for route in route_facts(Arc::clone(&api.plane)) {
        if let Access::Guarded(scope) = route.access {
            let named = format!("`{scope}`");
            assert!(
                manual.contains(&named),
                "{named} is missing in docs/scopes.md"
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_same_shape() {
    let api = Api::new().await;
    for path in [
        "/",
        "/api/",
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
