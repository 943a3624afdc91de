//! Access tokens with the real binary: exchanged on the command line, accepted by the door, verified by somebody else who
//! asks nobody, ended while a stream is open, and kept over a crash.

use crate::plane::{Plane, SECOND, Stream, request, stream};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use portunus_testkit::provider::answer::Answer;
use portunus_testkit::{FakeProvider, Gate};
use serde_json::{Value, json};

fn body(model: &str) -> String {
    json!({
        "model": model, "max_tokens": 16, "stream": true,
        "messages": [{"role": "user", "content": "hi"}],
    })
    .to_string()
}

/// An access token of the token's owner, as the command line prints it.
fn exchange(plane: &Plane, token: &str, words: &str) -> String {
    let said = plane.run_as(token, &format!("token exchange {words}"), "");
    said.well().out.trim().to_owned()
}

fn call(plane: &Plane, token: &str, model: &str) -> u16 {
    let headers = [("x-api-key", token), ("anthropic-version", "2023-06-01")];
    let body = body(model);
    request(&plane.url, "POST", "/v1/messages", &headers, Some(&body)).status
}

fn open_stream(plane: &Plane, token: &str) -> Stream {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("anthropic-version", "2023-06-01"),
    ];
    let body = body("claude-sonnet-4-5");
    let mut call = stream(&plane.url, "POST", "/v1/messages", &headers, Some(&body));
    call.read_until("content_block_delta");
    call
}

fn ends_soon(mut call: Stream) {
    let took = call.read_to_end();
    assert!(took < SECOND, "took {took:?}");
    assert!(!call.text().contains("message_stop"));
}

/// A plane with a provider that answers `claude-*` at once, or falls silent after a few events.
fn plane_with_a_provider(answer: Answer) -> (Plane, FakeProvider) {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-a", &provider.base_url());
    provider.key("sk-a").always(answer);
    (plane, provider)
}

#[test]
fn an_access_token_calls_models_within_its_scope() {
    let (plane, _provider) = plane_with_a_provider(Answer::ok());
    let mayor = plane.create_agent("mayor");
    let all = exchange(&plane, &mayor, "");
    assert_eq!(call(&plane, &all, "claude-sonnet-4-5"), 200);
    let haiku = exchange(&plane, &mayor, "--scope llm.call:model/claude-haiku-*");
    assert_eq!(call(&plane, &haiku, "claude-haiku-4-5"), 200);
    assert_eq!(call(&plane, &haiku, "claude-opus-4-5"), 403);
    let elsewhere = exchange(&plane, &mayor, "--scope llm.call:pool/other");
    assert_eq!(call(&plane, &elsewhere, "claude-haiku-4-5"), 403);
    let looks = exchange(&plane, &mayor, "--scope self.*");
    assert_eq!(call(&plane, &looks, "claude-haiku-4-5"), 403);
    assert!(plane.accepts(&looks));
    // What was narrowed is narrowed further, and never widened.
    let refused = plane.run_as(&haiku, "token exchange --scope llm.call", "");
    assert_eq!(refused.code, 3, "{refused:?}");
    let further = exchange(&plane, &haiku, "--scope llm.call:model/claude-haiku-4-5");
    assert_eq!(call(&plane, &further, "claude-haiku-4-5"), 200);
    // So is an agent that was created with less.
    let words = "agents create clerk --scope llm.call:model/claude-haiku-* --scope self.* --json";
    let clerk = plane.run(words).well().json();
    let clerk = clerk["token"].as_str().unwrap();
    assert_eq!(call(&plane, clerk, "claude-haiku-4-5"), 200);
    assert_eq!(call(&plane, clerk, "claude-opus-4-5"), 403);
    assert_eq!(
        call(&plane, &exchange(&plane, clerk, ""), "claude-opus-4-5"),
        403
    );
}

/// What a service does that was given a token: reads the public keys once and asks the plane nothing more.
fn verify_offline(keys: &Value, token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let decode = |part: &str| BASE64URL.decode(part).ok();
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("at+jwt"), &json!("EdDSA"))
    );
    let all = keys["keys"].as_array().unwrap();
    let key = all.iter().find(|key| key["kid"] == header["kid"])?;
    let public = UnparsedPublicKey::new(&ED25519, decode(key["x"].as_str()?)?);
    public.verify(signed.as_bytes(), &decode(signature)?).ok()?;
    serde_json::from_slice(&decode(claims)?).ok()
}

#[test]
fn others_verify_an_access_token_without_asking() {
    let plane = Plane::start_configured("public_url = \"https://plane.example\"\n");
    let mayor = plane.create_agent("mayor");
    let get = |path: &str| request(&plane.url, "GET", path, &[], None);
    let told = get("/.well-known/oauth-authorization-server").json();
    assert_eq!(told["issuer"], "https://plane.example");
    let keys = get("/.well-known/jwks.json").json();
    let access = exchange(&plane, &mayor, "");
    let claims = verify_offline(&keys, &access).unwrap();
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&told["issuer"], &told["issuer"])
    );
    assert_eq!(
        claims["scope"],
        "boards.read inbox.* llm.* messages.* notifications.send self.*"
    );
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        600
    );
    for claim in ["sub", "client_id", "gen", "jti", "fam", "nbf"] {
        assert!(!claims[claim].is_null(), "{claim}");
    }
    // After a rotation both keys are there; the old set does not have the new one.
    let rotated = plane.run("signing rotate --json").well().json();
    assert_eq!(rotated["keys"][0]["state"], "active");
    let renewed = exchange(&plane, &access, "");
    assert!(verify_offline(&keys, &renewed).is_none());
    let keys = get("/.well-known/jwks.json").json();
    assert!(verify_offline(&keys, &renewed).is_some() && verify_offline(&keys, &access).is_some());
    let listed = plane.run("signing list").well().out;
    assert!(
        listed.contains("signs") && listed.contains("verifies until"),
        "{listed}"
    );
}

#[test]
fn p5_an_ended_access_token_is_refused_and_its_stream_ends() {
    let silent = Answer::ok().held_after(4, &Gate::closed());
    let (plane, _provider) = plane_with_a_provider(silent);
    let mayor = plane.create_agent("mayor");
    let ends = |end: &dyn Fn(&str)| {
        let access = exchange(&plane, &mayor, "");
        let call = open_stream(&plane, &access);
        end(&access);
        assert!(!plane.accepts(&access));
        ends_soon(call);
        assert!(plane.accepts(&mayor), "the token itself lives");
    };
    ends(&|access| drop(plane.run_with("token end", access).well()));
    ends(&|_| drop(plane.run("agents end-access mayor").well()));
    // Somebody renews a copy after the successor was used.
    ends(&|access| {
        let successor = exchange(&plane, access, "");
        assert!(plane.accepts(&successor));
        let reused = plane.run_as(access, "token exchange", "");
        assert_eq!(reused.code, 3, "{reused:?}");
        assert!(!plane.accepts(&successor));
        let log = plane.run("audit list --action family.reused --json").well();
        assert_eq!(log.json()["items"].as_array().unwrap().len(), 1);
        assert!(plane.log().contains("an access token was renewed twice"));
    });
}

#[test]
fn access_tokens_outlive_a_crash_and_say_what_they_are_worth() {
    let mut plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    let access = exchange(&plane, &mayor, "");
    plane.crash_and_restart();
    assert!(plane.accepts(&access));
    let told = plane
        .run_with("token inspect --json", &access)
        .well()
        .json();
    assert_eq!(
        (&told["active"], &told["username"]),
        (&json!(true), &json!("mayor"))
    );
    let words = plane.run_with("token inspect", &access).well().out;
    assert!(words.contains("An access token of mayor"), "{words}");
    plane.run_with("token end", &access).well();
    let words = plane.run_with("token inspect", &access).well().out;
    assert!(words.contains("worth nothing"), "{words}");
    plane.crash_and_restart();
    assert!(!plane.accepts(&access), "a crash revives nothing");
}

#[test]
fn p11_neither_an_access_token_nor_the_signing_key_is_found_anywhere() {
    let (plane, _provider) = plane_with_a_provider(Answer::ok());
    let mayor = plane.create_agent("mayor");
    let access = exchange(&plane, &mayor, "");
    assert_eq!(call(&plane, &access, "claude-haiku-4-5"), 200);
    let in_url = format!("/v1/messages?token={access}");
    let headers = [("x-api-key", access.as_str())];
    let refused = request(&plane.url, "POST", &in_url, &headers, Some(&body("a")));
    assert_eq!(refused.status, 400, "{refused:?}");
    let signature = access.rsplit('.').next().unwrap();
    let mut searched = 0;
    for file in [
        "serve.log",
        "serve.out",
        "data/portunus.db",
        "data/portunus.db-wal",
    ] {
        let Ok(bytes) = std::fs::read(plane.path(file)) else {
            continue;
        };
        searched += 1;
        let found = bytes
            .windows(signature.len())
            .any(|part| part == signature.as_bytes());
        assert!(!found, "{file}");
    }
    assert!(searched >= 3);
}
