//! What bodies take that the plane holds: little of those who have not said who they are, and so much of everybody else and
//! no more. Nobody who comes then is refused for it.

use crate::api::{Answer, Api};
use axum::body::Body;
use bytes::Bytes;
use futures_util::future::{poll_immediate, ready};
use futures_util::stream::{iter, once, pending};
use futures_util::{FutureExt, StreamExt};
use http::Request;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::pin::Pin;
use tokio::task::unconstrained;

/// Where the body says who sends it, or may.
const UNPROVEN: [&str; 5] = [
    "/api/v1/sessions",
    "/api/v1/token/upgrade",
    "/api/v1/token",
    "/api/v1/token/introspect",
    "/api/v1/token/revoke",
];
/// So many bodies of 16 KiB are 64 MiB.
const MOST_UNPROVEN: usize = 4_096;
const MIB: usize = 1024 * 1024;

type Sent<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// A body of `length` bytes of which only the beginning comes.
fn held_back<'a>(api: &'a Api, token: &str, path: &str, length: usize) -> Sent<'a> {
    let beginning = Ok::<_, Infallible>(Bytes::from_static(b"{"));
    let request = Request::post(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("content-length", length)
        .body(Body::from_stream(once(ready(beginning)).chain(pending())));
    Box::pin(api.send(request.unwrap()))
}

/// Whether it is answered by now, and how.
async fn answered(sent: &mut Sent<'_>) -> Option<Answer> {
    // However many were looked at before.
    poll_immediate(unconstrained(sent.as_mut())).await
}

/// As many lines as say more than 16 KiB.
fn fleet(prefix: &str) -> Value {
    let agents = (0..200).map(|number| {
        let name = format!("{prefix}{number}");
        json!({"kind": "agent", "token_sha256": format!("{name:0>64}"), "name": name})
    });
    json!({"lines": agents.collect::<Vec<_>>()})
}

#[tokio::test]
async fn p1_a_crowd_of_bodies_that_do_not_end_keeps_nobody_out() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    let from_nobody = |number: usize| held_back(&api, "", UNPROVEN[number % UNPROVEN.len()], 1_000);
    let mut crowd: Vec<_> = (0..MOST_UNPROVEN).map(from_nobody).collect();
    for sent in &mut crowd {
        assert!(answered(sent).await.is_none());
    }
    let rest = async {
        tokio::task::yield_now().await;
        Bytes::from_static(b"_credentials")
    };
    let pieces = iter([Bytes::from_static(b"grant_type=client")]).chain(once(rest));
    let request = Request::post("/api/v1/token")
        .header("authorization", format!("Bearer {agent}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from_stream(pieces.map(Ok::<_, Infallible>)));
    api.send(request.unwrap()).await.is(200);

    // The place of the one that was served is free, and the next one's is the second oldest's.
    let mut later: Vec<_> = (0..UNPROVEN.len()).map(from_nobody).collect();
    for sent in &mut later {
        assert!(answered(sent).await.is_none());
    }
    for (at, sent) in crowd.iter_mut().enumerate().take(UNPROVEN.len()) {
        let refused = answered(sent).await.expect("the oldest left").is(429);
        assert_eq!(refused.header("retry-after"), "1");
        match UNPROVEN[at] {
            "/api/v1/sessions" | "/api/v1/token/upgrade" => {
                assert_eq!(refused.code(), "rate_limited");
            }
            _ => assert_eq!(refused.json()["error"], "temporarily_unavailable"),
        }
    }
    for sent in &mut crowd[UNPROVEN.len()..] {
        assert!(answered(sent).await.is_none(), "one leaves for one");
    }
}

#[tokio::test]
async fn p1_whoever_has_not_said_who_they_are_says_it_in_16_kib() {
    let api = Api::new().await;
    for path in UNPROVEN {
        let send = |length: usize| {
            let request = Request::post(path)
                .header("content-type", "application/json")
                .body(Body::from(" ".repeat(length)));
            api.send(request.unwrap())
        };
        assert_ne!(send(16 * 1024).await.status, 413, "{path}");
        send(16 * 1024 + 1).await.is(413);
        let announced = held_back(&api, "", path, 16 * 1024 + 1);
        announced.now_or_never().expect("nothing is read").is(413);
    }
}

#[tokio::test]
async fn p1_an_operator_has_two_imports_under_way_and_others_are_served() {
    let api = Api::new().await;
    let body = json!({"name": "maker", "scopes": ["*.*"]});
    let other = api.post("/api/v1/operators", body).await.is(201).json();
    let other = other["token"].as_str().unwrap();
    let import = "/api/v1/import";
    let begun = || held_back(&api, &api.operator, import, 16 * MIB);
    let mut held = [begun(), begun()];
    for sent in &mut held {
        assert!(answered(sent).await.is_none());
    }
    let taken = || api.plane.admission().bodies().taken();
    assert_eq!(taken(), 2 * 16 * MIB);
    let refused = begun().await.is(429);
    assert_eq!(refused.code(), "rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    api.agent("a-small-change").await;
    let post = http::Method::POST;
    let served = api.call_as(other, post, import, Some(fleet("a"))).await;
    served.is(200);
    assert_eq!(taken(), 2 * 16 * MIB);
    drop(held);
    assert_eq!(taken(), 0);
    api.post(import, fleet("b")).await.is(200);
    assert_eq!(taken(), 0);
}

#[tokio::test]
async fn p1_an_import_counts_until_it_is_done_though_its_client_left() {
    let api = Api::new().await;
    let lines = fleet("c");
    let length = lines.to_string().len();
    let mut sent: Sent<'_> = Box::pin(api.post("/api/v1/import", lines));
    assert!(answered(&mut sent).await.is_none());
    drop(sent);
    let taken = || api.plane.admission().bodies().taken();
    assert_eq!(taken(), length);
    while taken() > 0 {
        tokio::task::yield_now().await;
    }
    api.get("/api/v1/agents/c199").await.is(200);
}
