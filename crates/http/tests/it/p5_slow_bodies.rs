//! P5 for whoever is slow: a change is judged by what its credential is worth once its body is there, not by what it was
//! worth when its head came.

use crate::api::{Answer, Api};
use crate::signed_in::{CURRENT, OWN_PAGE, cookie};
use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::{Method, Request};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::oneshot;

/// Asks for a new agent that may call models, with a body that stops half-way until `meanwhile` is over.
async fn create_slowly(
    api: &Api,
    (name, value): (&str, &str),
    meanwhile: impl AsyncFnOnce(),
) -> Answer {
    let body = json!({"name": "clerk", "scopes": ["llm.call"]}).to_string();
    let (first, rest) = body.split_at(body.len() / 2);
    let (first, rest) = (first.to_owned(), rest.to_owned());
    let (go_on, rests) = oneshot::channel::<()>();
    let last = stream::once(async move {
        rests.await.unwrap();
        Bytes::from(rest)
    });
    let pieces = stream::iter([Bytes::from(first)]).chain(last);
    let request = Request::post("/api/v1/agents")
        .header("content-type", "application/json")
        .header(OWN_PAGE.0, OWN_PAGE.1)
        .header(name, value)
        .body(Body::from_stream(pieces.map(Ok::<_, Infallible>)))
        .unwrap();
    let proven = api.plane.authentication_counts().accepted;
    let (answer, ()) = tokio::join!(api.send(request), async {
        while api.plane.authentication_counts().accepted == proven {
            tokio::task::yield_now().await;
        }
        meanwhile().await;
        go_on.send(()).unwrap();
    });
    answer
}

async fn has_clerk(api: &Api) -> bool {
    api.get("/api/v1/agents/clerk").await.status == 200
}

/// A new operator who may make agents that call models; its token and that token's kid.
async fn maker(api: &Api) -> (String, String) {
    let body = json!({"name": "maker", "scopes": ["agents.*", "llm.*"]});
    let made = api.post("/api/v1/operators", body).await.is(201).json();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (format!("Bearer {}", text("token")), text("kid"))
}

async fn narrow(api: &Api, scopes: Value) {
    let body = Some(json!({"scopes": scopes}));
    let path = "/api/v1/operators/maker";
    api.call(Method::PATCH, path, body).await.is(200);
}

#[tokio::test]
async fn p5_a_change_is_refused_when_its_token_is_revoked_before_its_body_is_there() {
    let api = Api::new().await;
    let (bearer, kid) = maker(&api).await;
    let refused = create_slowly(&api, ("authorization", &bearer), async || {
        let path = format!("/api/v1/tokens/{kid}/revoke");
        api.call(Method::POST, &path, None).await.is(200);
    });
    assert_eq!(refused.await.is(401).code(), "invalid_token");
    assert!(!has_clerk(&api).await);
}

#[tokio::test]
async fn p5_a_change_is_refused_when_its_session_ends_before_its_body_is_there() {
    let api = Api::new().await;
    let session = cookie(&api.sign_in_with(&api.operator).await.is(201));
    let refused = create_slowly(&api, ("cookie", &session), async || {
        let ended = api.change_in(&session, Method::DELETE, CURRENT, None);
        ended.await.is(200);
    });
    assert_eq!(refused.await.is(401).code(), "session_over");
    assert!(!has_clerk(&api).await);
}

#[tokio::test]
async fn p6_a_change_is_judged_by_what_its_operator_holds_once_its_body_is_there() {
    // What its route asks for is gone; what it would hand on is gone.
    for left in [json!(["llm.*"]), json!(["agents.*"])] {
        let api = Api::new().await;
        let (bearer, _) = maker(&api).await;
        let refused = create_slowly(&api, ("authorization", &bearer), async || {
            narrow(&api, left).await;
        });
        assert_eq!(refused.await.is(403).code(), "insufficient_scope");
        assert!(!has_clerk(&api).await);
    }
}

#[tokio::test]
async fn p4_a_change_that_began_in_time_goes_on_past_the_end_of_its_token() {
    let api = Api::new().await;
    let (bearer, _) = maker(&api).await;
    let path = "/api/v1/operators/maker/tokens/rotate";
    let body = json!({"overlap_ms": 60_000});
    let successor = api.post(path, body).await.is(201).json();
    let successor = successor["token"].as_str().unwrap();
    api.call_as(successor, Method::GET, "/api/v1/agents", None)
        .await
        .is(200);
    let made = create_slowly(&api, ("authorization", &bearer), async || {
        api.clock.advance(Duration::from_secs(61));
    });
    made.await.is(201);
}
