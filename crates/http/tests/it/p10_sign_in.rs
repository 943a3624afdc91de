//! P10 once, of signing in: whoever proves the same again under the key gets the same session, and nobody else does.

use crate::api::{Answer, Api};
use crate::signed_in::{CURRENT, Call, DEVICES, PASSWORD, SESSIONS, cookie};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// A sign-in under the key `k`.
async fn keyed(api: &Api, body: Value) -> Answer {
    keyed_with(api, &[("idempotency-key", "k")], body).await
}

async fn keyed_with(api: &Api, headers: &[(&str, &str)], body: Value) -> Answer {
    api.make(Call {
        method: Method::POST,
        path: SESSIONS,
        headers,
        body: Some(body),
        ..Call::default()
    })
    .await
}

fn of(name: &str) -> Value {
    json!({"operator": name, "password": PASSWORD})
}

async fn sessions(api: &Api, name: &str) -> usize {
    let path = format!("{SESSIONS}?operator={name}");
    let list = api.get(&path).await.is(200).json();
    list["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn p10_a_sign_in_that_comes_again_gets_the_same_session() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let first = keyed(&api, of("ann")).await.is(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = keyed(&api, of("ann")).await.is(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json(), first.json());
    assert_eq!(again.header("set-cookie"), first.header("set-cookie"));
    assert_eq!(again.header("cache-control"), "no-store");
    assert_eq!(sessions(&api, "ann").await, 1);
    api.look_in(&cookie(&again), CURRENT).await.is(200);
    // It is kept sealed.
    let secret = cookie(&first).split_once('=').unwrap().1.to_owned();
    assert!(!api.everything_stored().await.contains(&secret));
}

#[tokio::test]
async fn p10_over_a_restart_and_until_the_secret_is_dropped() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let first = keyed(&api, of("ann")).await.is(201);
    let api = api.restarted().await;
    api.clock.advance(Duration::from_secs(599));
    let again = keyed(&api, of("ann")).await.is(201);
    assert_eq!(cookie(&again), cookie(&first));
    api.clock.advance(Duration::from_secs(1));
    let dropped = keyed(&api, of("ann")).await.is(409);
    assert_eq!(dropped.code(), "already_done");
    let detail = dropped.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("session.began"), "{detail}");
    assert_eq!(sessions(&api, "ann").await, 1);
}

#[tokio::test]
async fn p10_a_sign_in_whose_session_has_ended_gives_no_dead_cookie() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let first = keyed(&api, of("ann")).await.is(201);
    let kid = first.json()["kid"].as_str().unwrap().to_owned();
    let path = format!("{SESSIONS}/{kid}");
    api.call(Method::DELETE, &path, None).await.is(200);
    let again = keyed(&api, of("ann")).await.is(409);
    assert_eq!(again.code(), "already_done");
    assert_eq!(again.header("set-cookie"), "");
    let anew = [("idempotency-key", "another")];
    keyed_with(&api, &anew, of("ann")).await.is(201);
}

#[tokio::test]
async fn p10_nobody_gets_a_session_whose_proof_they_do_not_bring() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let bob = api.person("bob", "viewer").await;
    let first = keyed(&api, of("ann")).await.is(201);
    // The password is proven before the key is looked at.
    let wrong = json!({"operator": "ann", "password": "another phrase altogether"});
    assert_eq!(keyed(&api, wrong).await.is(401).code(), "wrong_password");
    // Bob's key is another one, and so is each of his credentials.
    let of_bob = keyed(&api, of("bob")).await.is(201);
    assert_eq!(of_bob.header("idempotency-replayed"), "");
    assert_ne!(cookie(&of_bob), cookie(&first));
    let bearer = format!("Bearer {bob}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
    let by_token = keyed_with(&api, &headers, json!({})).await.is(422);
    assert_eq!(by_token.code(), "idempotency_key_reused");
    assert_eq!(sessions(&api, "bob").await, 1);
}

#[tokio::test]
async fn p10_a_device_is_paired_once_and_its_token_given_again() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let mut body = of("ann");
    body["pair"] = json!("laptop");
    let first = keyed(&api, body.clone()).await.is(201);
    let token = first.json()["device_token"].as_str().unwrap().to_owned();
    let again = keyed(&api, body.clone()).await.is(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json()["device_token"], token);
    assert_eq!(cookie(&again), cookie(&first));
    let devices = api.call_as(&token, Method::GET, DEVICES, None).await;
    let devices = devices.is(200).json();
    assert_eq!(devices["items"].as_array().unwrap().len(), 1);
    assert_eq!(sessions(&api, "ann").await, 1);
    // Without a key the name is taken, and the session that began on the way is not left behind.
    let taken = keyed_with(&api, &[], body.clone()).await.is(409);
    assert_eq!(taken.code(), "name_taken");
    // Another request under the key is refused.
    body["pair"] = json!("desk");
    let other = keyed(&api, body).await.is(422);
    assert_eq!(other.code(), "idempotency_key_reused");
    assert_eq!(sessions(&api, "ann").await, 1);
}

#[tokio::test]
async fn p10_many_sign_ins_at_once_under_a_key_begin_one_session() {
    let api = Api::new().await;
    // By a token: passwords for one account are looked at one after the other.
    let bearer = format!("Bearer {}", api.person("ann", "viewer").await);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
    let tries = (0..8).map(|_| keyed_with(&api, &headers, json!({})));
    let answers = futures_util::future::join_all(tries).await;
    let served: Vec<&Answer> = answers.iter().filter(|one| one.status == 201).collect();
    for refused in answers.iter().filter(|one| one.status != 201) {
        assert_eq!(refused.code(), "request_running", "{refused:?}");
    }
    let first = cookie(served.first().expect("one was the first"));
    assert!(served.iter().all(|one| cookie(one) == first));
    assert_eq!(sessions(&api, "ann").await, 1);
}

#[tokio::test]
async fn p10_a_key_that_is_none_is_refused_before_anything_is_tried() {
    let api = Api::new().await;
    api.person("ann", "viewer").await;
    let refused = keyed_with(&api, &[("idempotency-key", "")], of("ann")).await;
    assert_eq!(refused.is(400).code(), "invalid_idempotency_key");
    assert_eq!(sessions(&api, "ann").await, 0);
}
