//! `/api/v1/import`: old tokens work, nothing is imported twice, and what is slow is looked at once.

use crate::api::Api;
use aws_lc_rs::pbkdf2;
use http::{Method, Request};
use serde_json::{Value, json};
use std::time::Duration;

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
        {"kind": "agent", "name": "all", "token_sha256": sha("d")},
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
    assert_eq!(told.is(200).json()["conflicts"], 5);
    let all = api.post("/api/v1/agents", json!({"name": "all"})).await;
    assert_eq!(all.is(400).code(), "invalid_body");
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
    let misfits = json!([
        {"kind": "agent", "name": "Not So", "token_sha256": sha("d")},
        {"kind": "agent", "name": "new", "token_sha256": sha("e")},
        {"kind": "key", "pool": "anthropic", "label": "sk-canary", "secret": "sk-x"},
    ]);
    let all = api.post("/api/v1/import", json!({"lines": misfits})).await;
    let all = all.is(400).json()["detail"].to_string();
    assert!(
        all.contains("lines[0].name") && all.contains("lines[2].label"),
        "{all}"
    );
    let looked = json!({"dry_run": true, "lines": misfits});
    let looked = api.post("/api/v1/import", looked).await.is(200).json();
    assert_eq!(
        (&looked["conflicts"], &looked["created"]),
        (&json!(2), &json!(1))
    );
    let why = looked["lines"][0]["why"].as_str().unwrap();
    assert!(why.starts_with("the field name "), "{why}");
    assert!(!looked.to_string().contains("canary"), "{looked}");
    let limited = json!({"name": "hirer", "scopes": ["import.run", "agents.create", "self.*"]});
    let hirer = api.post("/api/v1/agents", limited).await.is(201).json();
    let lines = json!({"lines": [{"kind": "agent", "name": "x", "token_sha256": sha("x")}]});
    let token = hirer["token"].as_str().unwrap();
    let beyond = api
        .call_as(token, Method::POST, "/api/v1/import", Some(lines))
        .await;
    assert_eq!(beyond.is(403).code(), "insufficient_scope");
}

/// A client that has nothing but its old token, at the endpoint that exchanges it.
async fn exchange(api: &Api, header: Option<&str>, body: Value) -> (u16, Value) {
    let token = header.unwrap_or_default();
    let path = "/api/v1/token";
    let answer = api.call_as(token, Method::POST, path, Some(body)).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn an_old_token_is_exchanged_before_it_was_used_anywhere() {
    let of = |token: &str| json!({"grant_type": "client_credentials", "client_secret": token});
    let grant = || json!({"grant_type": "client_credentials"});
    let subject = |token: &str| {
        json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        })
    };
    for token in ["agk_scout-1", OLD] {
        for (header, body) in [
            (None, of(token)),
            (Some(token), grant()),
            (None, subject(token)),
        ] {
            let api = Api::new().await;
            let lines = json!({"lines": lines()});
            api.post("/api/v1/import", lines).await.is(200);
            let (status, told) = exchange(&api, header, body.clone()).await;
            assert_eq!(status, 200, "{told}");
            let access = told["access_token"].as_str().unwrap();
            assert_eq!(whoami(&api, access).await.0, 200);
            assert_eq!(whoami(&api, token).await.0, 200);
        }
    }
    let api = Api::new().await;
    let lines = json!({"lines": lines()});
    api.post("/api/v1/import", lines).await.is(200);
    for wrong in ["agk_scout-2", "somebody-elses"] {
        let tries = [
            exchange(&api, None, of(wrong)).await,
            exchange(&api, Some(wrong), grant()).await,
        ];
        for (status, told) in tries {
            assert_eq!((status, &told["error"]), (401, &json!("invalid_client")));
        }
        let (status, told) = exchange(&api, None, subject(wrong)).await;
        assert_eq!((status, &told["error"]), (400, &json!("invalid_grant")));
    }
}

#[tokio::test]
async fn p1_whoever_guesses_old_tokens_is_told_when_to_come_again() {
    let api = Api::new().await;
    let lines = json!({"lines": lines()});
    api.post("/api/v1/import", lines).await.is(200);
    let whoami = "/api/v1/whoami";
    for number in 0..10 {
        let guess = format!("agk_sc{number}");
        api.look_from("203.0.113.7", &guess, whoami).await.is(401);
    }
    let refused = api.look_from("203.0.113.7", "agk_scout-1", whoami).await;
    let refused = refused.is(429);
    assert_eq!(refused.code(), "rate_limited");
    assert_eq!(refused.header("retry-after"), "300");
    let fix = refused.json()["fix"].as_str().unwrap().to_owned();
    assert!(fix.contains("`portunus sources clear"), "{fix}");
    // It is about guessing: whoever is known, and whoever comes from elsewhere, is let in.
    api.look_from("203.0.113.7", OLD, whoami).await.is(200);
    api.look_from("203.0.113.8", "agk_scout-1", whoami)
        .await
        .is(200);
    api.look_from("203.0.113.7", "agk_scout-1", whoami)
        .await
        .is(200);
}

#[tokio::test]
async fn p1_an_old_token_behind_a_guesser_waits_as_long_as_it_is_told_and_no_longer() {
    let api = Api::new().await;
    let lines = json!({"lines": lines()});
    api.post("/api/v1/import", lines).await.is(200);
    let whoami = "/api/v1/whoami";
    let here = "203.0.113.7";
    for number in 0..10 {
        let guess = format!("agk_sc{number}");
        api.look_from(here, &guess, whoami).await.is(401);
    }
    for (passed_s, left_s) in [(0, "300"), (150, "150"), (149, "1")] {
        api.clock.advance(Duration::from_secs(passed_s));
        let refused = api.look_from(here, "agk_scout-1", whoami).await.is(429);
        assert_eq!(refused.header("retry-after"), left_s);
        // Guesses and tries meanwhile make it no longer.
        for number in 0..20 {
            let guess = format!("agk_sc-{number}");
            api.look_from(here, &guess, whoami).await.is(429);
        }
    }
    api.clock.advance(Duration::from_secs(1));
    for number in 0..9 {
        let guess = format!("agk_sc{number}");
        api.look_from(here, &guess, whoami).await.is(401);
    }
    api.look_from(here, "agk_scout-1", whoami).await.is(200);
    // From now on it is known, whatever else comes from there.
    for number in 0..20 {
        let guess = format!("agk_sc{number}");
        api.look_from(here, &guess, whoami).await;
    }
    api.look_from(here, "agk_scout-1", whoami).await.is(200);
}

#[tokio::test]
async fn a_fleet_of_ten_thousand_agents_comes_in_one_piece() {
    let api = Api::new().await;
    let agent = |number: usize| {
        let name = format!("agent-{number:05}");
        json!({"kind": "agent", "display_name": "One of a large fleet", "token_sha256": sha(&name), "name": name})
    };
    let mut fleet: Vec<Value> = (0..10_000).map(agent).collect();
    // Whatever stands against one of them stands against all.
    fleet.push(agent(7));
    let refused = api.post("/api/v1/import", json!({"lines": fleet})).await;
    assert_eq!(refused.is(409).code(), "import_conflict");
    assert_eq!(whoami(&api, "agent-00000").await.0, 401);
    fleet.pop();
    let body = json!({"lines": fleet});
    assert!(body.to_string().len() > 1024 * 1024);
    let report = api.post("/api/v1/import", body).await.is(200).json();
    assert_eq!(report["created"], 10_000);
    for number in [0, 9_999] {
        let name = format!("agent-{number:05}");
        let (status, me) = whoami(&api, &name).await;
        assert_eq!((status, &me["name"]), (200, &json!(name)));
    }
}

#[tokio::test]
async fn an_import_has_its_own_limits() {
    let api = Api::new().await;
    let line = json!({"kind": "agent", "name": "a", "token_sha256": "0"});
    let many = json!({"lines": vec![line; 50_001]});
    let refused = api.post("/api/v1/import", many).await.is(400);
    let detail = "the field lines must have 1 to 50000 items";
    assert_eq!(refused.json()["detail"], detail);
    let large = "x".repeat(16 * 1024 * 1024);
    let refused = api.post("/api/v1/import", json!({ "lines": large })).await;
    assert_eq!(refused.is(413).code(), "payload_too_large");
}
