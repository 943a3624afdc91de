//! P11: what a client sends as a secret comes back in no answer, wherever it stands in the request.

use crate::api::{Answer, Api};
use axum::body::Body;
use http::{Method, Request};
use portunus_store::Store;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const CANARY: &str = "sk-ant-canary-4711";

fn check(answer: &Answer) {
    assert!(!answer.text.contains("canary"), "{}", answer.text);
    for value in answer.headers.values() {
        assert!(!value.to_str().unwrap().contains("canary"), "{value:?}");
    }
}

/// Bodies that are wrong in many ways, with the secret at every place.
fn bodies() -> Vec<Value> {
    vec![
        json!(CANARY),
        json!([CANARY]),
        json!({"pool": "anthropic", "label": "a", "secret": format!("{CANARY} x")}),
        json!({"pool": "anthropic", "label": CANARY, "secret": 7}),
        json!({"pool": CANARY, "label": "a", "secret": "x"}),
        json!({"pool": "anthropic", "label": CANARY, "secret": CANARY}),
        json!({"pool": "anthropic", "label": "a", "secret": CANARY, "priority": CANARY}),
        json!({"pool": "anthropic", "label": "a", "secret": CANARY, "base_url": CANARY}),
        json!({"pool": "anthropic", "label": "a", "secret": {"value": CANARY}}),
        json!({"pool": "anthropic", "label": "a", "secret": CANARY, CANARY: 1}),
        json!({"pool": "anthropic", "label": "a", "secret": CANARY, "extra": CANARY}),
        json!({"name": CANARY, "protocol": CANARY}),
        json!({"name": "x", "protocol": CANARY}),
        json!({"keys": [{"pool": "anthropic", "label": "a", "secret": CANARY, "priority": -1}]}),
        json!({"keys": CANARY}),
        json!({"force": CANARY}),
        json!({"overlap_ms": CANARY}),
    ]
}

#[tokio::test]
async fn no_problem_repeats_what_a_body_holds() {
    let api = Api::new().await;
    api.agent("mayor").await;
    for path in [
        "keys",
        "keys/batch",
        "pools",
        "agents",
        "agents/mayor/tokens/rotate",
    ] {
        for body in bodies() {
            let answer = api.post(&format!("/api/v1/{path}"), body.clone()).await;
            assert!(answer.status.is_client_error(), "{path} {body}: {answer:?}");
            // A pool's or agent's name is no secret; one that was refused is not repeated all the same.
            check(&answer);
            api.clock.advance(std::time::Duration::from_secs(60));
        }
        let cut = format!("{{\"secret\": \"{CANARY}\", ");
        let request = Request::post(format!("/api/v1/{path}"))
            .header("authorization", format!("Bearer {}", api.operator))
            .header("content-type", "application/json");
        check(
            &api.send(request.body(Body::from(cut)).unwrap())
                .await
                .is(400),
        );
    }
}

#[tokio::test]
async fn no_problem_repeats_what_a_query_a_path_or_a_header_holds() {
    let api = Api::new().await;
    for path in [
        format!("/api/v1/agents?limit={CANARY}"),
        format!("/api/v1/agents?cursor={CANARY}"),
        format!("/api/v1/agents?{CANARY}=1"),
        format!("/api/v1/agents/{CANARY}"),
        format!("/api/v1/keys?pool={CANARY}"),
        format!("/api/v1/tokens/{CANARY}/revoke"),
        format!("/{CANARY}"),
    ] {
        let answer = api.get(&path).await;
        assert!(answer.status.is_client_error(), "{path}");
        check(&answer);
    }
    check(
        &api.call_as(CANARY, Method::GET, "/api/v1/whoami", None)
            .await
            .is(401),
    );
}

#[tokio::test]
async fn a_stored_secret_comes_back_in_no_answer_and_stands_in_no_row() {
    let api = Api::new().await;
    let body = json!({"pool": "anthropic", "label": "a", "secret": CANARY});
    check(&api.post("/api/v1/keys", body.clone()).await.is(201));
    check(&api.post("/api/v1/keys", body).await.is(409));
    let other = json!({"pool": "anthropic", "label": "b", "secret": CANARY});
    let twice = api.post("/api/v1/keys", other).await.is(409);
    assert_eq!(twice.code(), "duplicate_secret");
    check(&twice);
    for path in ["keys", "keys/status", "status", "audit", "pools"] {
        check(&api.get(&format!("/api/v1/{path}")).await.is(200));
    }
    let snapshot = format!("{:?}", api.store.snapshot().await.unwrap());
    assert!(!snapshot.contains("canary"));
}

/// What the plane logs while the guard lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_routes_and_never_what_stands_in_a_path() {
    let api = Api::new().await;
    let (log, token) = (Log::default(), api.agent("mayor").await);
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    for secret in [CANARY, token.as_str()] {
        for (method, path) in [
            (Method::POST, format!("tokens/{secret}/revoke")),
            (Method::DELETE, format!("keys/{secret}")),
            (Method::DELETE, format!("keys/anthropic:{secret}")),
            (Method::POST, format!("keys/{secret}/clear")),
            (Method::GET, format!("agents/{secret}")),
            (Method::DELETE, format!("agents/{secret}")),
            (Method::PUT, format!("agents/{secret}")),
            (Method::GET, format!("nothing/{secret}?x={secret}")),
            (Method::GET, format!("audit?subject={secret}")),
        ] {
            let answer = api.call(method, &format!("/api/v1/{path}"), None).await;
            assert!(!answer.text.contains(secret), "{}", answer.text);
        }
    }
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("route=\"/api/v1/tokens/{kid}/revoke\""),
        "{log}"
    );
    assert!(!log.contains("canary") && !log.contains(&token), "{log}");
}
