//! `/api/v1/sessions` and `/api/v1/devices`.

use crate::api::Api;
use crate::signed_in::{CURRENT, Call, DEVICES, PASSWORD, SESSIONS, cookie};
use http::Method;
use portunus_core::session::SessionTerms;
use serde_json::{Value, json};
use std::time::Duration;

const HOME: &str = "203.0.113.7";

#[tokio::test]
async fn a_password_signs_in_and_the_secret_is_in_a_cookie_alone() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let begun = api.try_password("ann", PASSWORD, HOME).await.is(201);
    let set = begun.header("set-cookie").to_owned();
    let (pair, attributes) = set.split_once("; ").unwrap();
    let secret = pair.strip_prefix("__Host-portunus_session=").unwrap();
    assert!(secret.starts_with("ptns_"));
    assert_eq!(
        attributes,
        "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=86400"
    );
    assert!(!begun.text.contains(secret));
    assert_eq!(begun.header("cache-control"), "no-store");
    let current = api.look_in(pair, CURRENT).await.is(200).json();
    assert_eq!(current, begun.json());
    assert_eq!(
        (&current["operator"], &current["by"]),
        (&json!("ann"), &json!("password"))
    );
    assert_eq!(current["current"], true);
    let me = api.look_in(pair, "/api/v1/whoami").await.is(200).json();
    assert_eq!((&me["name"], &me["kid"]), (&json!("ann"), &current["kid"]));
    let out = api
        .change_in(pair, Method::DELETE, CURRENT, None)
        .await
        .is(200);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let over = api.look_in(pair, CURRENT).await.is(401);
    assert_eq!(over.code(), "session_over");
}

#[tokio::test]
async fn an_operator_token_signs_in_and_its_end_ends_the_session() {
    let api = Api::new().await;
    let ann = api.person("ann", "admin").await;
    let begun = api.sign_in_with(&ann).await.is(201);
    assert_eq!(begun.json()["by"], "token");
    let session = cookie(&begun);
    api.look_in(&session, CURRENT).await.is(200);
    let kid = api.call_as(&ann, Method::GET, "/api/v1/whoami", None).await;
    let kid = kid.json()["kid"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/tokens/{kid}/revoke");
    api.call(Method::POST, &path, None).await.is(200);
    assert_eq!(
        api.look_in(&session, CURRENT).await.is(401).code(),
        "session_over"
    );
}

#[tokio::test]
async fn what_a_token_with_an_end_makes_does_not_outlive_it() {
    let api = Api::new().await;
    let body = json!({"name": "brief", "role": "admin", "expires_in_ms": 60_000});
    let brief = api.post("/api/v1/operators", body).await.is(201).json();
    let brief = brief["token"].as_str().unwrap();
    let session = cookie(&api.sign_in_with(brief).await.is(201));
    let body = Some(json!({"name": "laptop"}));
    let path = "/api/v1/operators/brief/password";
    let password = Some(json!({"password": PASSWORD}));
    for (method, path, body) in [(Method::POST, DEVICES, body), (Method::PUT, path, password)] {
        let refused = api
            .change_in(&session, method.clone(), path, body.clone())
            .await;
        assert_eq!(refused.is(403).code(), "outlives_credential", "{path}");
        let refused = api.call_as(brief, method, path, body).await;
        assert_eq!(refused.code(), "outlives_credential", "{path}");
    }
    let api = api.restarted().await;
    api.clock.advance(Duration::from_secs(59));
    api.look_in(&session, CURRENT).await.is(200);
    api.clock.advance(Duration::from_secs(1));
    api.look_in(&session, CURRENT).await.is(401);
}

#[tokio::test]
async fn agents_access_tokens_and_sessions_do_not_sign_in() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    let refused = api.sign_in_with(&agent).await.is(403);
    assert_eq!(refused.code(), "operators_only");
    assert_eq!(refused.json()["auth_reason"], "not_an_operator");
    let grant = json!({"grant_type": "client_credentials"});
    let exchanged = api.post("/api/v1/token", grant).await.is(200).json();
    let access = exchanged["access_token"].as_str().unwrap();
    assert_eq!(
        api.sign_in_with(access).await.is(403).code(),
        "operators_only"
    );
    let session = cookie(&api.sign_in_with(&api.operator).await.is(201));
    let secret = session.split_once('=').unwrap().1;
    let in_header = api.sign_in_with(secret).await.is(401);
    assert_eq!(in_header.json()["auth_reason"], "token_invalid");
    assert_eq!(in_header.json()["can_retry_with_device_token"], false);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_read_the_same() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let body = json!({"name": "bob", "role": "viewer"});
    api.post("/api/v1/operators", body).await.is(201);
    let mut told: Vec<Value> = Vec::new();
    for name in ["ann", "bob", "nobody", "not a name"] {
        let refused = api.try_password(name, "a wrong canary phrase", HOME).await;
        let refused = refused.is(401);
        assert_eq!(refused.code(), "wrong_password", "{name}");
        assert!(!refused.text.contains("canary"));
        let mut problem = refused.json();
        problem["instance"] = Value::Null;
        told.push(problem);
    }
    assert!(told.iter().all(|problem| *problem == told[0]));
    assert_eq!(told[0]["auth_reason"], "password_wrong");
    assert_eq!(told[0]["can_retry_with_device_token"], true);
    assert_eq!(told[0]["recommended_next_step"], "give_password");
}

#[tokio::test]
async fn p2_an_empty_sign_in_is_told_and_costs_nothing() {
    let api = Api::new().await;
    for body in [
        None,
        Some(json!({})),
        Some(json!({"operator": "operator"})),
        Some(json!({"operator": "operator", "password": ""})),
    ] {
        for _ in 0..5 {
            let refused = api
                .make(Call {
                    method: Method::POST,
                    path: SESSIONS,
                    body: body.clone(),
                    ..Call::default()
                })
                .await
                .is(401);
            assert_eq!(refused.code(), "missing_credential");
            assert_eq!(refused.json()["auth_reason"], "credential_missing");
        }
    }
    assert_eq!(api.get("/api/v1/sources").await.json()["items"], json!([]));
    api.person("ann", "viewer").await;
    api.sign_in("ann").await;
}

#[tokio::test]
async fn p1_an_account_that_is_hammered_stays_open_to_whoever_is_known() {
    let api = Api::new().await;
    let token = api.person("ann", "viewer").await;
    let session = api.sign_in("ann").await;
    let device = api.pair(&session, "laptop").await;
    for number in 0..3 {
        let from = format!("198.51.100.{number}");
        let wrong = api
            .try_password("ann", "a wrong canary phrase", &from)
            .await;
        wrong.is(401);
    }
    let delayed = api
        .try_password("ann", PASSWORD, "198.51.100.9")
        .await
        .is(429);
    assert_eq!(delayed.code(), "sign_in_delayed");
    let problem = delayed.json();
    assert_eq!(problem["auth_reason"], "account_delayed");
    assert_eq!(problem["retry_after_ms"], 1_000);
    assert_eq!(delayed.header("retry-after"), "1");
    assert_eq!(problem["can_retry_with_device_token"], true);
    // Whoever is known does not notice.
    api.look_in(&session, CURRENT).await.is(200);
    api.sign_in_with(&device).await.is(201);
    api.sign_in_with(&token).await.is(201);
    let beside = |password: &'static str| api.try_beside(&device, "ann", password);
    beside(PASSWORD).await.is(201);
    // A wrong password beside a device's token costs nothing, however often.
    for _ in 0..12 {
        let wrong = beside("a wrong canary phrase").await.is(401);
        assert_eq!(wrong.json()["can_retry_with_device_token"], true);
    }
    api.sign_in_with(&device).await.is(201);
    // Attempts meanwhile did not extend the delay, and a right password ends it.
    api.clock.advance(Duration::from_secs(1));
    api.sign_in("ann").await;
    let wrong = api.try_password("ann", "a wrong canary phrase", HOME).await;
    wrong.is(401);
    api.sign_in("ann").await;
}

#[tokio::test]
async fn p1_a_source_with_a_penalty_tries_no_password_and_its_tokens_are_served() {
    let api = Api::new().await;
    let token = api.person("ann", "viewer").await;
    let session = api.sign_in("ann").await;
    let device = api.pair(&session, "laptop").await;
    for number in 0..10 {
        let name = format!("name-{number}");
        api.try_password(&name, "a wrong canary phrase", HOME)
            .await
            .is(401);
    }
    let refused = api.try_password("ann", PASSWORD, HOME).await.is(429);
    assert_eq!(refused.json()["auth_reason"], "source_penalised");
    assert_eq!(refused.json()["retry_after_ms"], 300_000);
    api.clock.advance(Duration::from_secs(60));
    let refused = api.try_password("ann", PASSWORD, HOME).await.is(429);
    assert_eq!(refused.json()["retry_after_ms"], 240_000, "not extended");
    api.sign_in_with(&device).await.is(201);
    api.sign_in_with(&token).await.is(201);
    api.look_in(&session, CURRENT).await.is(200);
    api.try_password("ann", PASSWORD, "198.51.100.9")
        .await
        .is(201);
    api.clock.advance(Duration::from_secs(240));
    api.try_password("ann", PASSWORD, HOME).await.is(201);
}

#[tokio::test]
async fn the_token_of_a_device_vouches_for_its_own_operator_alone() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    api.person("bob", "viewer").await;
    let bobs = api.pair(&api.sign_in("bob").await, "laptop").await;
    let guess = || api.try_beside(&bobs, "ann", "a wrong canary phrase");
    for _ in 0..3 {
        guess().await.is(401);
    }
    assert_eq!(guess().await.is(429).code(), "sign_in_delayed");
}

#[tokio::test]
async fn sessions_end_when_they_are_idle_or_old_and_outlive_a_restart() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let terms = SessionTerms {
        idle_ms: 60_000,
        absolute_ms: 100_000,
    };
    api.plane.let_sessions_last(terms);
    let (idle, used) = (api.sign_in("ann").await, api.sign_in("ann").await);
    for _ in 0..3 {
        api.clock.advance(Duration::from_secs(30));
        api.look_in(&used, CURRENT).await.is(200);
    }
    assert_eq!(
        api.look_in(&idle, CURRENT).await.is(401).code(),
        "session_over"
    );
    api.clock.advance(Duration::from_secs(10));
    assert_eq!(
        api.look_in(&used, CURRENT).await.is(401).code(),
        "session_over"
    );
    let kept = api.sign_in("ann").await;
    let device = api.pair(&kept, "laptop").await;
    let api = api.restarted().await;
    api.plane.let_sessions_last(terms);
    api.look_in(&kept, CURRENT).await.is(200);
    api.sign_in_with(&device).await.is(201);
    assert_eq!(
        api.look_in(&used, CURRENT).await.is(401).code(),
        "session_over"
    );
}

#[tokio::test]
async fn one_lists_and_ends_ones_own_sessions_and_with_the_scope_others() {
    let api = Api::new().await;
    let (ann, bob) = (
        api.person("ann", "viewer").await,
        api.person("bob", "viewer").await,
    );
    let (first, second) = (api.sign_in("ann").await, api.sign_in("ann").await);
    let list = api.look_in(&first, SESSIONS).await.is(200).json();
    let list = list["items"].as_array().unwrap().clone();
    assert_eq!(list.len(), 2);
    let other = list.iter().find(|one| one["current"] == false).unwrap();
    let path = format!("{SESSIONS}/{}", other["kid"].as_str().unwrap());
    // A viewer neither sees nor ends what is another's.
    let of_ann = format!("{SESSIONS}?operator=ann");
    let refused = api.call_as(&bob, Method::GET, &of_ann, None).await.is(403);
    assert_eq!(refused.code(), "insufficient_scope");
    let refused = api.call_as(&bob, Method::DELETE, &path, None).await.is(403);
    assert_eq!(refused.code(), "insufficient_scope");
    api.change_in(&first, Method::DELETE, &path, None)
        .await
        .is(200);
    assert_eq!(
        api.look_in(&second, CURRENT).await.is(401).code(),
        "session_over"
    );
    let seen = api.get(&of_ann).await.is(200).json();
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    let path = format!("{SESSIONS}/{}", seen["items"][0]["kid"].as_str().unwrap());
    api.call(Method::DELETE, &path, None).await.is(200);
    assert_eq!(
        api.look_in(&first, CURRENT).await.is(401).code(),
        "session_over"
    );
    let again = api.call(Method::DELETE, &path, None).await.is(404);
    assert_eq!(again.code(), "not_found");
    let none = api.call_as(&ann, Method::GET, CURRENT, None).await.is(404);
    assert_eq!(none.code(), "not_found");
}

#[tokio::test]
async fn a_hundred_and_first_session_ends_the_one_that_was_used_longest_ago() {
    let api = Api::new().await;
    let token = api.person("ann", "viewer").await;
    let first = cookie(&api.sign_in_with(&token).await.is(201));
    for _ in 0..99 {
        api.clock.advance(Duration::from_secs(1));
        api.sign_in_with(&token).await.is(201);
    }
    api.look_in(&first, CURRENT).await.is(200);
    api.clock.advance(Duration::from_secs(1));
    api.sign_in_with(&token).await.is(201);
    api.look_in(&first, CURRENT).await.is(200);
    let list = api.look_in(&first, SESSIONS).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_device_is_paired_rotated_and_unpaired() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let session = api.sign_in("ann").await;
    let token = api.pair(&session, "laptop").await;
    assert!(token.starts_with("ptnd_"));
    let body = Some(json!({"name": "laptop"}));
    let again = api.change_in(&session, Method::POST, DEVICES, body).await;
    assert_eq!(again.is(409).code(), "name_taken");
    // It signs in, and is a token of its operator otherwise.
    let begun = api.sign_in_with(&token).await.is(201);
    assert_eq!(
        (&begun.json()["by"], &begun.json()["device"]),
        (&json!("device"), &json!("laptop"))
    );
    let whoami = api
        .call_as(&token, Method::GET, "/api/v1/whoami", None)
        .await;
    assert_eq!(whoami.is(200).json()["name"], "ann");
    let of_device = cookie(&begun);
    let rotate = format!("{DEVICES}/laptop/rotate");
    let rotated = api
        .change_in(&session, Method::POST, &rotate, None)
        .await
        .is(201)
        .json();
    let successor = rotated["token"].as_str().unwrap();
    assert!(
        rotated["device"]["retiring"]["kid"].is_string(),
        "{rotated}"
    );
    api.look_in(&of_device, CURRENT).await.is(200);
    // Should the answer be lost: the one before works, and another rotation replaces the unused one.
    api.clock.advance(Duration::from_secs(3_600));
    api.sign_in_with(&token).await.is(201);
    let again = api.call_as(&token, Method::POST, &rotate, None).await;
    let again = again.is(201).json();
    let lost = api.sign_in_with(successor).await.is(401);
    assert_eq!(lost.json()["auth_reason"], "token_invalid");
    api.sign_in_with(&token).await.is(201);
    // From the first use of the new one on the overlap runs.
    let successor = again["token"].as_str().unwrap();
    api.sign_in_with(successor).await.is(201);
    api.clock.advance(Duration::from_secs(59));
    api.sign_in_with(&token).await.is(201);
    api.clock.advance(Duration::from_secs(1));
    let over = api.sign_in_with(&token).await.is(401).json();
    assert_eq!(over["auth_reason"], "token_invalid");
    let list = api.call_as(successor, Method::GET, DEVICES, None).await;
    assert_eq!(list.is(200).json()["items"][0].get("retiring"), None);
    let session = api.sign_in("ann").await;
    let at_once = Some(json!({"overlap_ms": 0}));
    let last = api
        .change_in(&session, Method::POST, &rotate, at_once)
        .await;
    let last = last.is(201).json();
    api.sign_in_with(successor).await.is(401);
    let successor = last["token"].as_str().unwrap();
    let begun = api.sign_in_with(successor).await.is(201);
    let of_device = cookie(&begun);
    let list = api.look_in(&session, DEVICES).await.is(200).json();
    assert_eq!(list["items"][0]["name"], "laptop");
    let path = format!("{DEVICES}/{}", list["items"][0]["id"].as_str().unwrap());
    api.change_in(&session, Method::DELETE, &path, None)
        .await
        .is(200);
    assert_eq!(
        api.look_in(&of_device, CURRENT).await.is(401).code(),
        "session_over"
    );
    assert_eq!(
        api.sign_in_with(successor).await.is(401).code(),
        "invalid_token"
    );
    api.look_in(&session, CURRENT).await.is(200);
    let gone = api
        .change_in(&session, Method::DELETE, &path, None)
        .await
        .is(404);
    assert_eq!(gone.code(), "not_found");
}

#[tokio::test]
async fn a_device_is_paired_by_the_way_of_signing_in() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let try_with = |name: &'static str| {
        api.make(Call {
            method: Method::POST,
            path: SESSIONS,
            body: Some(json!({"operator": "ann", "password": PASSWORD, "pair": name})),
            ..Call::default()
        })
    };
    let begun = try_with("laptop").await.is(201).json();
    let token = begun["device_token"].as_str().unwrap();
    let whoami = api
        .call_as(token, Method::GET, "/api/v1/whoami", None)
        .await;
    assert_eq!(whoami.is(200).json()["name"], "ann");
    assert_eq!(try_with("laptop").await.is(409).code(), "name_taken");
    assert_eq!(try_with("a b").await.is(400).code(), "invalid_body");
    // Nobody got the cookie of a sign-in that paired nothing.
    let living = api.get("/api/v1/sessions?operator=ann").await.is(200);
    assert_eq!(living.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn p6_a_device_is_its_operators_alone() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let bob = api.person("bob", "viewer").await;
    let device = api.pair(&api.sign_in("ann").await, "laptop").await;
    let list = api
        .call_as(&device, Method::GET, DEVICES, None)
        .await
        .json();
    let id = list["items"][0]["id"].as_str().unwrap();
    for (method, path, code) in [
        (Method::POST, format!("{DEVICES}/{id}/rotate"), "not_found"),
        (
            Method::DELETE,
            format!("{DEVICES}/{id}"),
            "insufficient_scope",
        ),
        (Method::DELETE, format!("{DEVICES}/laptop"), "not_found"),
    ] {
        let refused = api.call_as(&bob, method, &path, None).await;
        assert_eq!(refused.code(), code, "{path}");
    }
    let elsewhere = api
        .make(Call {
            method: Method::POST,
            path: SESSIONS,
            headers: &[("authorization", &format!("Bearer {device}"))],
            body: Some(json!({"operator": "bob"})),
            ..Call::default()
        })
        .await;
    elsewhere.is(401);
}

#[tokio::test]
async fn p5_what_an_operator_signed_in_with_ends_with_the_password_and_the_operator() {
    let api = Api::new().await;
    let token = api.person("ann", "viewer").await;
    let (own, other) = (api.sign_in("ann").await, api.sign_in("ann").await);
    let device = api.pair(&own, "laptop").await;
    let path = "/api/v1/operators/ann/password";
    let set = |body: Value| api.change_in(&own, Method::PUT, path, Some(body));
    let needed = set(json!({"password": "another canary phrase"})).await;
    assert_eq!(needed.is(400).code(), "current_password_needed");
    let body =
        json!({"password": "another canary phrase", "current_password": "a wrong canary phrase"});
    assert_eq!(set(body).await.is(401).code(), "wrong_password");
    let body = json!({"password": "another canary phrase", "current_password": PASSWORD});
    set(body).await.is(200);
    api.look_in(&own, CURRENT).await.is(200);
    assert_eq!(
        api.look_in(&other, CURRENT).await.is(401).code(),
        "session_over"
    );
    api.try_password("ann", PASSWORD, HOME).await.is(401);
    api.sign_in_with(&device).await.is(201);
    api.call(Method::DELETE, "/api/v1/operators/ann", None)
        .await
        .is(200);
    assert_eq!(
        api.look_in(&own, CURRENT).await.is(401).code(),
        "session_over"
    );
    for gone in [&device, &token] {
        assert_eq!(api.sign_in_with(gone).await.is(401).code(), "invalid_token");
    }
    api.person("ann", "viewer").await;
    api.look_in(&own, CURRENT).await.is(401);
    api.try_password("ann", "another canary phrase", HOME)
        .await
        .is(401);
}

#[tokio::test]
async fn a_password_is_judged_by_its_length_and_set_by_those_who_hold_as_much() {
    let api = Api::new().await;
    let bob = api.person("bob", "operator").await;
    let path = "/api/v1/operators/operator/password";
    let body = Some(json!({"password": PASSWORD}));
    let refused = api.call_as(&bob, Method::PUT, path, body).await.is(403);
    assert_eq!(refused.code(), "insufficient_scope");
    for bad in ["short", "", &"x".repeat(1_025)] {
        let refused = api
            .call(Method::PUT, path, Some(json!({"password": bad})))
            .await;
        assert_eq!(refused.is(400).code(), "invalid_body");
    }
    for good in ["            ", "éééééé", &"x".repeat(1_024)] {
        let set = api
            .call(Method::PUT, path, Some(json!({"password": good})))
            .await;
        set.is(200);
        api.try_password("operator", good, HOME).await.is(201);
    }
}

#[tokio::test]
async fn p11_no_secret_of_a_sign_in_is_in_the_store_or_in_an_answer() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let session = api.sign_in("ann").await;
    let device = api.pair(&session, "laptop").await;
    let secret = session.split_once('=').unwrap().1;
    let stored = api.everything_stored().await;
    for canary in [PASSWORD, secret, &device, "$argon2id"] {
        assert!(!stored.contains(canary), "{canary}");
        for path in [SESSIONS, DEVICES, "/api/v1/audit", "/api/v1/operators"] {
            let shown = api.get(&format!("{path}?limit=50")).await.text;
            assert!(!shown.contains(canary), "{path}: {canary}");
        }
    }
    let actions = api.get("/api/v1/audit?limit=20").await.json().to_string();
    for action in ["operator.password_set", "session.began", "device.paired"] {
        assert!(actions.contains(action), "{action}");
    }
}

#[tokio::test]
async fn p10_a_device_is_paired_once_and_a_password_set_once_under_a_key() {
    let api = Api::new().await;
    let ann = api.person("ann", "viewer").await;
    let pair = async || {
        let body = Some(json!({"name": "laptop"}));
        api.keyed_as(&ann, &["pair"], (Method::POST, DEVICES), body)
            .await
            .is(201)
    };
    let (first, again) = (pair().await, pair().await);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.json(), again.json());
    let listed = api.call_as(&ann, Method::GET, DEVICES, None).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let set = async || {
        let path = (Method::PUT, "/api/v1/operators/ann/password");
        let body = Some(json!({"password": "another canary phrase"}));
        api.keyed_as(&ann, &["set"], path, body).await.is(200)
    };
    set().await;
    let session = cookie(&api.try_password("ann", "another canary phrase", HOME).await);
    assert_eq!(set().await.header("idempotency-replayed"), "true");
    api.look_in(&session, CURRENT).await.is(200);
}

#[tokio::test]
async fn the_token_of_a_device_is_looked_at_and_ended_as_others_are_and_not_exchanged() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let device = api.pair(&api.sign_in("ann").await, "laptop").await;
    let grant = json!({"grant_type": "client_credentials"});
    let refused = api.call_as(&device, Method::POST, "/api/v1/token", Some(grant));
    assert_eq!(refused.await.is(400).json()["error"], "invalid_request");
    let presented = || Some(json!({"token": device}));
    let look = "/api/v1/token/introspect";
    let worth = api
        .call(Method::POST, look, presented())
        .await
        .is(200)
        .json();
    assert_eq!(
        (&worth["active"], &worth["username"]),
        (&json!(true), &json!("ann"))
    );
    let end = "/api/v1/token/revoke";
    let agent = api.agent("mayor").await;
    api.call_as(&agent, Method::POST, end, presented()).await;
    api.sign_in_with(&device).await.is(201);
    api.call_as(&device, Method::POST, end, presented())
        .await
        .is(200);
    api.sign_in_with(&device).await.is(401);
    let worth = api
        .call(Method::POST, look, presented())
        .await
        .is(200)
        .json();
    assert_eq!(worth["active"], false);
}

#[tokio::test]
async fn a_password_is_removed_by_whoever_knows_it_and_not_as_the_only_way_in() {
    let api = Api::new().await;
    let token = api.person("ann", "viewer").await;
    let (own, other) = (api.sign_in("ann").await, api.sign_in("ann").await);
    let device = api.pair(&own, "laptop").await;
    let path = "/api/v1/operators/ann/password/remove";
    let remove = |body: Value| api.change_in(&own, Method::POST, path, Some(body));
    let needed = remove(json!({})).await.is(400);
    assert_eq!(needed.code(), "current_password_needed");
    let wrong = remove(json!({"current_password": "a wrong canary phrase"})).await;
    assert_eq!(wrong.is(401).code(), "wrong_password");
    // Whoever found the device does not have the account either.
    let found = api.call_as(&device, Method::POST, path, None).await.is(400);
    assert_eq!(found.code(), "current_password_needed");
    remove(json!({"current_password": PASSWORD})).await.is(200);
    api.look_in(&own, CURRENT).await.is(200);
    api.look_in(&other, CURRENT).await.is(401);
    api.try_password("ann", PASSWORD, HOME).await.is(401);
    api.sign_in_with(&device).await.is(201);
    let again = api.call_as(&token, Method::POST, path, None).await;
    assert_eq!(again.is(404).code(), "not_found");

    api.person("bob", "viewer").await;
    let devices = format!("{DEVICES}?operator=bob");
    let none = api.get(&devices).await.is(200).json();
    assert_eq!(none["items"], json!([]));
    let tokens = api.get("/api/v1/tokens?limit=1000").await.is(200).json();
    let bobs = tokens["items"].as_array().unwrap().iter();
    let bobs = bobs.filter(|token| token["principal"]["name"] == "bob");
    for token in bobs {
        let revoke = format!("/api/v1/tokens/{}/revoke", token["kid"].as_str().unwrap());
        api.call(Method::POST, &revoke, None).await.is(200);
    }
    let path = "/api/v1/operators/bob/password/remove";
    let refused = api.call(Method::POST, path, None).await.is(409);
    assert_eq!(refused.code(), "only_way_in");
    api.try_password("bob", PASSWORD, HOME).await.is(201);
    let forced = Some(json!({"force": true}));
    api.call(Method::POST, path, forced).await.is(200);
    api.try_password("bob", PASSWORD, HOME).await.is(401);
}
