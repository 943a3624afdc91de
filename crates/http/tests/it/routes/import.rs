//! `/api/v1/import`: old tokens work, nothing is imported twice, and what is slow is looked at once.

use crate::api::Api;
use aws_lc_rs::pbkdf2;
use http::{Method, Request};
use serde_json::{Value, json};

const OLD: &str = "legacy-token-of-the-mayor";
const SHA: &str = "SHA";

/// `pbkdf2_sha256$...` of a token.
fn slow(token: &str) -> String {
    let rounds = std::num::NonZeroU32::new(1_000).unwrap();
    let mut digest = [0; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        b"salt",
        token.as_bytes(),
        &mut digest,
    );
    format!("pbkdf2_sha256$1000$salt${}", hex(&digest))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha(token: &str) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()).as_ref())
}

fn lines() -> Value {
    json!([
        {"kind": "agent", "name": "mayor", "display_name": "Lord Mayor", "token_sha256": sha(OLD)},
        {"kind": "agent", "name": "scout", "token_pbkdf2": slow("agk_scout-1"), "token_prefix": "agk_sc"},
        {"kind": "agent", "name": "clerk", "token_pbkdf2": slow("clerk-1")},
        {"kind": "key", "pool": "anthropic", "label": "main", "secret": "sk-imported"},
    ])
}

async fn whoami(api: &Api, token: &str) -> (u16, Value) {
    let answer = api
        .call_as(token, Method::GET, "/api/v1/whoami", None)
        .await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn old_tokens_work_and_an_import_is_repeated_without_harm() {
    let api = Api::new().await;
    let import = |body: Value| api.post("/api/v1/import", body);
    let looked = import(json!({"dry_run": true, "lines": lines()}))
        .await
        .is(200)
        .json();
    assert_eq!(
        (&looked["created"], &looked["applied"]),
        (&json!(4), &json!(false))
    );
    assert_eq!(whoami(&api, OLD).await.0, 401);
    let done = import(json!({"lines": lines()})).await.is(200).json();
    assert_eq!(
        (&done["created"], &done["applied"]),
        (&json!(4), &json!(true))
    );
    for _ in 0..2 {
        let (status, me) = whoami(&api, OLD).await;
        assert_eq!((status, &me["name"]), (200, &json!("mayor")));
        let (status, me) = whoami(&api, "agk_scout-1").await;
        assert_eq!(
            (status, &me["name"]),
            (200, &json!("scout")),
            "upgraded on first use"
        );
    }
    assert_eq!(whoami(&api, "agk_scout-2").await.0, 401);
    assert_eq!(whoami(&api, "clerk-1").await.0, 401, "it has no prefix");
    let upgrade = |agent: &str, token: &str| {
        let body = json!({"agent": agent, "token": token}).to_string();
        let request =
            Request::post("/api/v1/token/upgrade").header("content-type", "application/json");
        api.send(request.body(body.into()).unwrap())
    };
    assert_eq!(
        upgrade("clerk", "clerk-2").await.is(401).code(),
        "invalid_token"
    );
    assert_eq!(
        upgrade("nobody", "clerk-1").await.is(401).code(),
        "invalid_token"
    );
    for _ in 0..2 {
        assert_eq!(
            upgrade("clerk", "clerk-1").await.is(200).json()["agent"],
            "clerk"
        );
        assert_eq!(whoami(&api, "clerk-1").await.0, 200);
    }
    let again = import(json!({"lines": lines()})).await.is(200).json();
    assert_eq!(
        (&again["unchanged"], &again["applied"]),
        (&json!(4), &json!(false))
    );
    // It is a token like any other.
    let rotated = api
        .post(
            "/api/v1/agents/mayor/tokens/rotate",
            json!({"overlap_ms": 0}),
        )
        .await;
    let rotated = rotated.is(201).json();
    assert!(rotated["token"].as_str().unwrap().starts_with("ptna_"));
    assert_eq!(whoami(&api, OLD).await.0, 401);
    api.call(Method::DELETE, "/api/v1/agents/scout", None)
        .await
        .is(200);
    assert_eq!(whoami(&api, "agk_scout-1").await.0, 401);
    let revived = import(json!({"lines": lines()})).await.is(409);
    assert_eq!(
        revived.code(),
        "import_conflict",
        "P5: what was revoked stays so"
    );
}

#[tokio::test]
async fn one_line_that_cannot_be_stops_all() {
    let api = Api::new().await;
    api.agent("taken").await;
    let conflicts = json!([
        {"kind": "agent", "name": "new", "token_sha256": sha("a")},
        {"kind": "agent", "name": "taken", "token_sha256": sha("b")},
        {"kind": "agent", "name": "new", "token_sha256": sha("c")},
        {"kind": "agent", "name": "other", "token_sha256": sha("a")},
        {"kind": "key", "pool": "nowhere", "label": "x", "secret": "sk-x"},
    ]);
    let refused = api
        .post("/api/v1/import", json!({"lines": conflicts}))
        .await
        .is(409);
    assert_eq!(refused.code(), "import_conflict");
    let told = api
        .post(
            "/api/v1/import",
            json!({"dry_run": true, "lines": conflicts}),
        )
        .await;
    assert_eq!(told.is(200).json()["conflicts"], 4);
    assert_eq!(whoami(&api, "a").await.0, 401);
    for wrong in [
        json!({"lines": []}),
        json!({"lines": [{"kind": "agent", "name": "x"}]}),
        json!({"lines": [{"kind": "agent", "name": "x", "token_sha256": SHA}]}),
        json!({"lines": [{"kind": "agent", "name": "x", "token_sha256": sha("a"), "token_pbkdf2": slow("a")}]}),
        json!({"lines": [{"kind": "agent", "name": "x", "token_pbkdf2": slow("a"), "token_prefix": "a"}]}),
    ] {
        let refused = api.post("/api/v1/import", wrong.clone()).await.is(400);
        assert_eq!(refused.code(), "invalid_body", "{wrong}");
    }
    let limited = json!({"name": "hirer", "scopes": ["import.run", "agents.create", "self.*"]});
    let hirer = api.post("/api/v1/agents", limited).await.is(201).json();
    let lines = json!({"lines": [{"kind": "agent", "name": "x", "token_sha256": sha("x")}]});
    let token = hirer["token"].as_str().unwrap();
    let beyond = api
        .call_as(token, Method::POST, "/api/v1/import", Some(lines))
        .await;
    assert_eq!(beyond.is(403).code(), "insufficient_scope");
}
