//! Every code is provoked, and what its document says is followed: `type` and `doc_url` lead to the code's place on a page
//! of the plane, and paths and requests in `fix` are ones that it answers. Commands in fixes are followed by the command
//! line's own tests, which know what can be typed.

use crate::api::{Answer, Api};
use crate::signed_in::{CURRENT, Call, DEVICES, PASSWORD};
use axum::body::Body;
use bytes::Bytes;
use futures_util::future::ready;
use futures_util::stream::once;
use http::{Method, Request};
use portunus_api::ErrorCode;
use portunus_app::admission::{Pace, Paces};
use portunus_app::process::{
    BadConfiguration, BadFilter, Mistake, Prepared, ProcessControl, Reloaded,
};
use portunus_app::push::Bounds;
use portunus_http::listen::BodyTimedOut;
use portunus_http::route_facts;
use portunus_store::memory::Outage;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Codes that no request to the router meets, and where they are met.
const ELSEWHERE: [(&str, &str); 4] = [
    (
        "passwords_busy",
        "crates/app/src/passwords/hasher.rs, which fills its queue",
    ),
    (
        "audit_log_broken",
        "crates/cli/tests/it/p12_the_record_holds.rs, which has a database to break",
    ),
    ("uri_too_long", "crates/cli/tests/it/hostile/heads.rs"),
    ("head_too_large", "crates/cli/tests/it/hostile/heads.rs"),
];

/// What was met, each code with one of its answers.
#[derive(Default)]
struct Met(Vec<(String, Value)>);

impl Met {
    /// Takes a refusal in, whose members [`Answer::code`] checks.
    fn take(&mut self, wanted: ErrorCode, answer: &Answer) {
        assert_eq!(answer.code(), wanted.as_str(), "{answer:?}");
        assert_eq!(answer.status.as_u16(), wanted.status(), "{answer:?}");
        let problem = answer.json();
        assert_eq!(problem["title"], wanted.title());
        self.0.push((wanted.as_str().to_owned(), problem));
    }
}

#[tokio::test]
async fn every_code_can_be_met_and_what_it_says_can_be_followed() {
    let api = Api::new().await;
    let mut met = Met::default();
    of_requests(&api, &mut met).await;
    of_callers(&api, &mut met).await;
    of_operators(&api, &mut met).await;
    of_sign_ins(&api, &mut met).await;
    of_agents(&api, &mut met).await;
    of_names(&api, &mut met).await;
    of_keys(&api, &mut met).await;
    of_retries(&api, &mut met).await;
    of_messages(&api, &mut met).await;
    of_imports(&api, &mut met).await;
    of_the_process(&api, &mut met).await;
    of_connections(&api, &mut met).await;
    of_outboxes(&api, &mut met).await;
    for (code, problem) in &met.0 {
        follow(&api, code, problem).await;
    }
    of_times(&api, &mut met).await;
    let seen: BTreeSet<&str> = met.0.iter().map(|(code, _)| code.as_str()).collect();
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(code, _)| *code).collect();
    let all: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let missing: Vec<_> = all
        .difference(&seen)
        .filter(|code| !elsewhere.contains(*code))
        .collect();
    assert!(missing.is_empty(), "nothing here meets {missing:?}");
    assert!(elsewhere.is_disjoint(&seen), "met here after all");
}

/// Bodies, queries and heads that are not as they must be.
async fn of_requests(api: &Api, met: &mut Met) {
    let agents = "/api/v1/agents";
    met.take(
        ErrorCode::MalformedJson,
        &raw(api, "application/json", "{").await,
    );
    met.take(
        ErrorCode::UnsupportedMediaType,
        &raw(api, "text/plain", "{}").await,
    );
    let large = " ".repeat(1024 * 1024 + 1);
    met.take(
        ErrorCode::PayloadTooLarge,
        &raw(api, "application/json", &large).await,
    );
    met.take(
        ErrorCode::InvalidBody,
        &api.post(agents, json!({"name": 7})).await,
    );
    let unknown = json!({"name": "a", "nmae": "b"});
    met.take(ErrorCode::UnknownField, &api.post(agents, unknown).await);
    met.take(
        ErrorCode::UnknownParameter,
        &api.get("/api/v1/agents?limitt=1").await,
    );
    met.take(
        ErrorCode::InvalidParameter,
        &api.get("/api/v1/agents?limit=0").await,
    );
    met.take(
        ErrorCode::BadCursor,
        &api.get("/api/v1/agents?cursor=x").await,
    );
    met.take(ErrorCode::NotFound, &api.get("/api/v1/agents/nobody").await);
    met.take(ErrorCode::NotFound, &api.get("/nowhere").await);
    met.take(ErrorCode::NotFound, &api.get("/chat/completions").await);
    met.take(
        ErrorCode::MethodNotAllowed,
        &api.call(Method::DELETE, agents, None).await,
    );
    let two = Request::get(agents).header("host", "a").header("host", "b");
    met.take(
        ErrorCode::BadRequest,
        &api.send(two.body(Body::empty()).unwrap()).await,
    );
}

async fn raw(api: &Api, kind: &str, text: &str) -> Answer {
    let request = Request::post("/api/v1/agents")
        .header("authorization", format!("Bearer {}", api.operator))
        .header("content-type", kind);
    api.send(request.body(Body::from(text.to_owned())).unwrap())
        .await
}

/// Who may not, or says who they are in a wrong way.
async fn of_callers(api: &Api, met: &mut Met) {
    let agent = api.agent("caller").await;
    let path = "/api/v1/agents";
    let as_whom = async |token: &str| api.call_as(token, Method::GET, path, None).await;
    met.take(ErrorCode::MissingCredential, &as_whom("").await);
    met.take(ErrorCode::InvalidToken, &as_whom("ptna_wrong").await);
    met.take(ErrorCode::InsufficientScope, &as_whom(&agent).await);
    let beat = api.post("/api/v1/heartbeat", json!({})).await;
    met.take(ErrorCode::NotAnAgent, &beat);
    let two = Request::get(path)
        .header("authorization", format!("Bearer {}", api.operator))
        .header("x-api-key", agent);
    met.take(
        ErrorCode::TwoTokens,
        &api.send(two.body(Body::empty()).unwrap()).await,
    );
    let own = api.get("/api/v1/whoami").await.is(200).json();
    let kid = own["kid"].as_str().unwrap();
    let path = format!("/api/v1/tokens/{kid}/revoke");
    met.take(
        ErrorCode::LastOperatorToken,
        &api.post(&path, json!({})).await,
    );
}

/// Operators of whom one must stay, and one whose token has an end.
async fn of_operators(api: &Api, met: &mut Met) {
    let last = api.call(Method::DELETE, "/api/v1/operators/operator", None);
    met.take(ErrorCode::LastAdministrator, &last.await);
    let brief = json!({"name": "brief", "role": "admin", "expires_in_ms": 60_000});
    let brief = api.post("/api/v1/operators", brief).await.is(201).json();
    let brief = brief["token"].as_str().unwrap();
    let lasting = Some(json!({"name": "lasting"}));
    let lasting = api.call_as(brief, Method::POST, "/api/v1/agents", lasting);
    met.take(ErrorCode::OutlivesCredential, &lasting.await);
}

/// Sign-ins and sessions that are not what they should be.
async fn of_sign_ins(api: &Api, met: &mut Met) {
    api.person("ann", "viewer").await;
    let wrong = || api.try_password("ann", "a wrong phrase", "203.0.113.7");
    met.take(ErrorCode::MissingCredential, &api.sign_in_with("").await);
    let agent = api.agent("signer").await;
    met.take(ErrorCode::OperatorsOnly, &api.sign_in_with(&agent).await);
    let session = api.sign_in("ann").await;
    let headers = [
        ("cookie", session.as_str()),
        ("sec-fetch-site", "cross-site"),
    ];
    let call = Call {
        headers: &headers,
        ..Call::default()
    };
    met.take(ErrorCode::CrossSite, &api.make(call).await);
    let with_token = format!("{CURRENT}?token={agent}");
    met.take(ErrorCode::TokenInUrl, &api.get(&with_token).await);
    for number in 0..100 {
        api.pair(&session, &format!("device-{number}")).await;
    }
    let body = Some(json!({"name": "one-more"}));
    let more = api.change_in(&session, Method::POST, DEVICES, body).await;
    met.take(ErrorCode::TooManyDevices, &more);
    let own = "/api/v1/operators/ann/password";
    let body = Some(json!({"password": "some other long phrase"}));
    let set = api.change_in(&session, Method::PUT, own, body).await;
    met.take(ErrorCode::CurrentPasswordNeeded, &set);
    let created = json!({"name": "eve"});
    let created = api.post("/api/v1/operators", created).await.is(201).json();
    let alone = "/api/v1/operators/eve/password";
    let body = Some(json!({"password": "some other long phrase"}));
    api.call(Method::PUT, alone, body).await.is(200);
    let kid = created["kid"].as_str().unwrap();
    let revoke = format!("/api/v1/tokens/{kid}/revoke");
    api.call(Method::POST, &revoke, None).await.is(200);
    let remove = format!("{alone}/remove");
    met.take(
        ErrorCode::OnlyWayIn,
        &api.call(Method::POST, &remove, None).await,
    );
    let out = api.change_in(&session, Method::DELETE, CURRENT, None).await;
    out.is(200);
    met.take(
        ErrorCode::SessionOver,
        &api.look_in(&session, CURRENT).await,
    );
    met.take(ErrorCode::WrongPassword, &wrong().await);
    wrong().await.is(401);
    wrong().await.is(401);
    met.take(ErrorCode::SignInDelayed, &wrong().await);
}

/// Agents that are archived, or are not, and an operator who is none.
async fn of_agents(api: &Api, met: &mut Met) {
    api.agent("retired").await;
    let path = |verb: &str| format!("/api/v1/agents/retired/{verb}");
    let restore = api.post(&path("restore"), json!({})).await;
    met.take(ErrorCode::NotArchived, &restore);
    api.post(&path("archive"), json!({})).await.is(200);
    let again = api.post(&path("archive"), json!({})).await;
    met.take(ErrorCode::AgentArchived, &again);
    let beat = api.post("/api/v1/heartbeat", json!({})).await;
    met.take(ErrorCode::NotAnAgent, &beat);
}

/// Names that are taken, gone or lead in a circle.
async fn of_names(api: &Api, met: &mut Met) {
    let agents = "/api/v1/agents";
    api.agent("mayor").await;
    met.take(
        ErrorCode::NameTaken,
        &api.post(agents, json!({"name": "mayor"})).await,
    );
    let pool = json!({"name": "spare", "protocol": "anthropic", "fallback": "nowhere"});
    met.take(
        ErrorCode::BadFallback,
        &api.post("/api/v1/pools", pool).await,
    );
    let metadata = json!({"name": "m", "protocol": "openai", "base_url": "http://169.254.169.254"});
    met.take(
        ErrorCode::UpstreamForbidden,
        &api.post("/api/v1/pools", metadata).await,
    );
    let kid = api
        .post(agents, json!({"name": "gone"}))
        .await
        .is(201)
        .json();
    let path = format!("/api/v1/tokens/{}/revoke", kid["kid"].as_str().unwrap());
    api.post(&path, json!({})).await.is(200);
    met.take(ErrorCode::AlreadyRevoked, &api.post(&path, json!({})).await);
    let reload = api.call(Method::POST, "/api/v1/reload", None);
    met.take(ErrorCode::NoProcess, &reload.await);
}

/// The same key for something else, a key that is none, and one whose answer is gone because it showed a secret.
async fn of_retries(api: &Api, met: &mut Met) {
    let create = async |key: &str, name: &str| {
        let route = (Method::POST, "/api/v1/agents");
        let body = Some(json!({ "name": name }));
        api.keyed_as(&api.operator, &[key], route, body).await
    };
    met.take(ErrorCode::InvalidIdempotencyKey, &create("", "once").await);
    create("k", "once").await.is(201);
    met.take(ErrorCode::IdempotencyKeyReused, &create("k", "twice").await);
    api.clock.advance(Duration::from_secs(11 * 60));
    met.take(ErrorCode::AlreadyDone, &create("k", "once").await);
    // Passwords are hashed slowly, so the second comes while the first runs.
    let set = async || {
        let route = (Method::PUT, "/api/v1/operators/ann/password");
        let body = Some(json!({"password": PASSWORD}));
        api.keyed_as(&api.operator, &["p"], route, body).await
    };
    let (first, second) = tokio::join!(set(), set());
    first.is(200);
    met.take(ErrorCode::RequestRunning, &second);
}

/// Inboxes that are not there, and messages that cannot be acknowledged.
async fn of_imports(api: &Api, met: &mut Met) {
    api.agent("heir").await;
    let line = json!({"kind": "agent", "name": "heir", "token_sha256": "5a".repeat(32)});
    let refused = api.post("/api/v1/import", json!({"lines": [line]})).await;
    met.take(ErrorCode::ImportConflict, &refused);
}

async fn of_messages(api: &Api, met: &mut Met) {
    met.take(ErrorCode::NotAnAgent, &api.get("/api/v1/inbox").await);
    let clerk = api.agent("clerk").await;
    let send = json!({"text": "hi", "expires_in_ms": 60_000});
    let sent = api
        .post("/api/v1/agents/clerk/messages", send)
        .await
        .is(201);
    let acknowledge = async || {
        let body = json!({"messages": [sent.json()["message"]["id"]]});
        api.call_as(&clerk, Method::POST, "/api/v1/inbox/ack", Some(body))
            .await
    };
    met.take(ErrorCode::NotDelivered, &acknowledge().await);
    api.clock.advance(Duration::from_secs(60));
    met.take(ErrorCode::DeliveryFailed, &acknowledge().await);
}

/// A process whose configuration has a mistake.
struct Misconfigured;

impl ProcessControl for Misconfigured {
    fn log_filter(&self) -> String {
        "info".to_owned()
    }

    fn read_log_filter(&self, text: &str) -> Result<Prepared<String>, BadFilter> {
        Err(BadFilter {
            what: format!("{text} is no filter"),
            instead: "info".to_owned(),
        })
    }

    fn read_configuration(&self) -> Result<Prepared<Reloaded>, BadConfiguration> {
        Err(BadConfiguration {
            mistakes: vec![Mistake {
                place: "portunus.toml:1".to_owned(),
                what: "lisen is no key".to_owned(),
                instead: "did you mean `listen`?".to_owned(),
            }],
        })
    }
}

/// The process, and what should not happen in one: two planes that change the same store behind each other's back.
async fn of_the_process(api: &Api, met: &mut Met) {
    api.plane.steered_by(Arc::new(Misconfigured));
    let reload = api.post("/api/v1/reload", json!({})).await;
    met.take(ErrorCode::BadConfiguration, &reload);
    let rotate = "/api/v1/signing/rotate";
    let other = api.beside(Vec::new()).await;
    other.post(rotate, json!({})).await.is(201);
    met.take(ErrorCode::Internal, &api.post(rotate, json!({})).await);
}

/// Connections that are not opened.
async fn of_connections(api: &Api, met: &mut Met) {
    let plain = api.get("/api/v1/push").await;
    met.take(ErrorCode::UpgradeRequired, &plain);
    assert_eq!(plain.header("upgrade"), "websocket");
    api.plane.push().bound(Bounds { node: 0, each: 1 });
    let full = api.get("/api/v1/push/events").await;
    met.take(ErrorCode::TooManyConnections, &full);
    api.plane.push().bound(Bounds::default());
}

/// A message for which its sender has no room.
async fn of_outboxes(api: &Api, met: &mut Met) {
    let notes = json!({"name": "notes"});
    api.post("/api/v1/boards", notes).await.is(201);
    let path = "/api/v1/boards/notes/messages";
    api.post(path, json!({"text": "one"})).await.is(201);
    let usual = api.plane.messages().outbox_bytes();
    api.plane.messages().bound_outboxes(1_000);
    let full = api.post(path, json!({"text": "two"})).await;
    met.take(ErrorCode::OutboxFull, &full);
    api.plane.messages().bound_outboxes(usual);
}

/// Keys that are there already, or must not go.
async fn of_keys(api: &Api, met: &mut Met) {
    let keys = "/api/v1/keys";
    api.key("a").await;
    let key =
        |label: &str, secret: &str| json!({"pool": "anthropic", "label": label, "secret": secret});
    met.take(
        ErrorCode::LabelTaken,
        &api.post(keys, key("a", "sk-other")).await,
    );
    met.take(
        ErrorCode::DuplicateSecret,
        &api.post(keys, key("b", "sk-a")).await,
    );
    let last = api.call(Method::DELETE, "/api/v1/keys/anthropic:a", None);
    met.take(ErrorCode::LastEnabledKey, &last.await);
    let import = api.post("/api/v1/keys/import-env", json!({})).await;
    met.take(ErrorCode::NothingToImport, &import);
    let moved = json!({"base_url": "https://elsewhere.example"});
    let path = "/api/v1/keys/anthropic:a";
    api.call(Method::PATCH, path, Some(moved)).await.is(200);
    let clear = api.post("/api/v1/keys/anthropic:a/clear", json!({})).await;
    met.take(ErrorCode::SecretNeeded, &clear);
}

/// What stands in the way for a while; last, because nothing can be followed meanwhile.
async fn of_times(api: &Api, met: &mut Met) {
    let first = met.0.len();
    api.store.outage(Outage::Begins);
    let refused = api.post("/api/v1/agents", json!({"name": "late"})).await;
    met.take(ErrorCode::StoreUnavailable, &refused);
    api.store.outage(Outage::Ends);
    let burst = NonZeroU32::new(1).unwrap();
    let control = Pace { rate: 1, burst };
    api.plane.admission().limit(Paces {
        control,
        ..Paces::default()
    });
    api.get("/api/v1/agents").await;
    met.take(ErrorCode::RateLimited, &api.get("/api/v1/agents").await);
    api.clock.advance(Duration::from_secs(60));
    // As the listener's body ends when its client falls silent.
    let silent = once(ready(Err::<Bytes, _>(BodyTimedOut)));
    let request = Request::post("/api/v1/agents")
        .header("authorization", format!("Bearer {}", api.operator))
        .header("content-type", "application/json");
    let request = request.body(Body::from_stream(silent)).unwrap();
    met.take(ErrorCode::RequestTimeout, &api.send(request).await);
    api.plane.begin_drain();
    met.take(ErrorCode::Draining, &api.get("/readyz").await);
    for (code, problem) in &met.0[first..] {
        follow(api, code, problem).await;
    }
}

/// Goes where a document points.
async fn follow(api: &Api, code: &str, problem: &Value) {
    for member in ["type", "doc_url"] {
        let url = problem[member].as_str().unwrap();
        let (path, anchor) = url.split_once('#').unwrap();
        let page = api.call_as("", Method::GET, path, None).await.is(200).text;
        assert_eq!(anchor, code);
        assert!(page.contains(&format!("id=\"{anchor}\"")), "{url}");
    }
    let fix = problem["fix"].as_str().unwrap();
    assert_eq!(fix.matches('`').count() % 2, 0, "{fix}");
    let routes = route_facts(Arc::clone(&api.plane));
    for step in fix.split('`').skip(1).step_by(2) {
        let (method, path) = step.split_once(' ').unwrap_or(("GET", step));
        if !path.starts_with('/') {
            continue;
        }
        let known = routes
            .iter()
            .any(|route| route.method.as_str() == method && route.path == path);
        assert!(known, "{code}: {step} is no route");
    }
    let unmarked: String = fix.split('`').step_by(2).collect();
    for path in ["/api", "/openapi.json", "/readyz", "/healthz"] {
        assert!(!unmarked.contains(path), "mark {path} in: {fix}");
    }
}
