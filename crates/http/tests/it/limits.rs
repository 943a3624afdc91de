//! What the control API says of quotas: fields on every answer to a proven principal, and 429 beyond them.

use crate::api::{Answer, Api};
use http::Method;
use portunus_app::admission::{Pace, Paces};
use portunus_app::metrics::Readers;
use serde_json::json;
use std::num::NonZeroU32;
use std::time::Duration;

fn pace(rate: u32, burst: u32) -> Pace {
    let burst = NonZeroU32::new(burst).unwrap();
    Pace { rate, burst }
}

fn limit(api: &Api) {
    api.plane.admission().limit(Paces {
        vital: pace(60, 5),
        control: pace(30, 2),
        unverified: pace(1, 3),
        ..Paces::default()
    });
}

fn fields(answer: &Answer) -> (&str, &str) {
    (
        answer.header("ratelimit"),
        answer.header("ratelimit-policy"),
    )
}

#[tokio::test]
async fn every_answer_tells_what_is_left_and_beyond_it_is_429() {
    let api = Api::new().await;
    limit(&api);
    let policy = "\"control\";q=2;w=4";
    let first = api.get("/api/v1/agents").await.is(200);
    assert_eq!(fields(&first), ("\"control\";r=1;t=2", policy));
    let second = api.get("/api/v1/agents/nobody").await.is(404);
    assert_eq!(fields(&second), ("\"control\";r=0;t=4", policy));
    let refused = api.get("/api/v1/agents").await.is(429);
    assert_eq!(refused.code(), "rate_limited");
    assert_eq!(fields(&refused), ("\"control\";r=0;t=2", policy));
    assert_eq!(refused.header("retry-after"), "2");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("class control"), "{detail}");
    api.clock.advance(Duration::from_secs(2));
    api.get("/api/v1/agents").await.is(200);
}

#[tokio::test]
async fn a_look_at_oneself_has_a_lane_of_its_own() {
    let api = Api::new().await;
    limit(&api);
    for _ in 0..2 {
        api.get("/api/v1/agents").await.is(200);
    }
    api.get("/api/v1/agents").await.is(429);
    let alive = api.get("/api/v1/whoami").await.is(200);
    assert_eq!(alive.header("ratelimit"), "\"vital\";r=4;t=1");
}

#[tokio::test]
async fn one_principal_that_uses_up_its_quota_stops_no_other() {
    let api = Api::new().await;
    let (loud, quiet) = (api.agent("loud").await, api.agent("quiet").await);
    limit(&api);
    for number in 0..50 {
        let whoami = api.call_as(&loud, Method::GET, "/api/v1/whoami", None);
        let status = if number < 5 { 200 } else { 429 };
        whoami.await.is(status);
    }
    let whoami = api.call_as(&quiet, Method::GET, "/api/v1/whoami", None);
    assert_eq!(
        whoami.await.is(200).header("ratelimit"),
        "\"vital\";r=4;t=1"
    );
}

#[tokio::test]
async fn the_class_is_judged_before_the_scope_and_both_count() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    limit(&api);
    for code in ["insufficient_scope", "insufficient_scope", "rate_limited"] {
        let refused = api.call_as(&agent, Method::GET, "/api/v1/keys", None).await;
        assert_eq!(refused.code(), code);
        assert!(refused.header("ratelimit").starts_with("\"control\";r="));
    }
}

#[tokio::test]
async fn a_flood_that_proves_nobody_is_held_back_and_probes_are_not() {
    let api = Api::new().await;
    limit(&api);
    for _ in 0..3 {
        api.look_from("203.0.113.7", "ptna_wrong", "/api/v1/agents")
            .await
            .is(401);
    }
    let held = api
        .look_from("203.0.113.8", "ptna_wrong", "/api/v1/agents")
        .await
        .is(429);
    assert_eq!(held.code(), "rate_limited");
    assert_eq!(
        (held.header("retry-after"), held.header("ratelimit")),
        ("1", "")
    );
    let open = api
        .call_as("", Method::GET, "/openapi.json", None)
        .await
        .is(429);
    assert_eq!(open.code(), "rate_limited");
    api.plane.metrics().open_to(Readers::Anybody);
    api.call_as("", Method::GET, "/metrics", None).await.is(429);
    for path in ["/healthz", "/readyz"] {
        api.call_as("", Method::GET, path, None).await.is(200);
    }
    let missing = api.call_as("", Method::GET, "/api/v1/agents", None).await;
    assert_eq!(missing.is(401).code(), "missing_credential");
    api.post("/api/v1/agents", json!({"name": "mayor"}))
        .await
        .is(201);
}
