//! Access tokens against those who forge, copy, replay and outlive them. Signed by hand with a key of the tests' own where
//! the plane would not.

use crate::plane::{Stage, prove};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use portunus_app::access::{ExchangeError, Issued, exchange, signing};
use portunus_app::{AuthError, Plane, Session};
use portunus_core::access::ClaimsError;
use portunus_core::secret::Secret;
use portunus_store::Store;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

async fn issue(plane: &Arc<Plane>, token: &Secret) -> Issued {
    exchange(plane, token.clone(), None).await.unwrap()
}

async fn renew(plane: &Arc<Plane>, access: &Issued) -> Result<Issued, ExchangeError> {
    exchange(plane, access.token.clone(), None).await
}

async fn present(plane: &Plane, text: &str) -> Result<Session, AuthError> {
    plane.authenticate_text(text).await
}

/// The three parts of a token.
pub(crate) fn parts(text: &str) -> [String; 3] {
    let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

fn encode(value: &Value) -> String {
    BASE64URL.encode(value.to_string())
}

pub(crate) fn decode(part: &str) -> Value {
    serde_json::from_slice(&BASE64URL.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn p6_forged_tokens_are_refused_whatever_their_header_says() {
    let stage = Stage::new().await;
    let mayor = stage.agent("mayor").await;
    let issued = issue(&stage.plane, &mayor).await;
    let [header, claims, signature] = parts(issued.token.expose());
    let said = decode(&header);
    assert_eq!(
        (&said["typ"], &said["alg"]),
        (&json!("at+jwt"), &json!("EdDSA"))
    );
    assert_eq!(said.as_object().unwrap().len(), 3);
    let public = &stage.plane.public_keys()[0];
    let with = |name: &str, value: Value| {
        let mut header = said.clone();
        header[name] = value;
        header
    };
    // Signed with the public key as if it were a shared one (RFC 8725 §2.1).
    let hs256 = encode(&with("alg", json!("HS256")));
    let shared = hmac::Key::new(hmac::HMAC_SHA256, &BASE64URL.decode(&public.x).unwrap());
    let of_shared = hmac::sign(&shared, format!("{hs256}.{claims}").as_bytes());
    let of_shared = BASE64URL.encode(of_shared);
    let mut hostile = vec![format!("{hs256}.{claims}.{of_shared}")];
    for header in [
        with("alg", json!("none")),
        with("alg", json!("HS256")),
        with("alg", json!("ES256")),
        with("typ", json!("JWT")),
        with("kid", json!("sig_0000000000000000000000")),
        with("kid", json!("../../dev/null")),
        with("kid", json!("' OR 1=1 --")),
        with("jku", json!("https://evil.example/jwks.json")),
        with("x5u", json!("https://evil.example/cert.pem")),
        with(
            "jwk",
            json!({"kty": "OKP", "crv": "Ed25519", "x": public.x}),
        ),
        with("crit", json!(["exp"])),
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": said["kid"]}),
    ] {
        hostile.push(format!("{}.{claims}.{signature}", encode(&header)));
        hostile.push(format!("{}.{claims}.", encode(&header)));
    }
    let mut longer = decode(&claims);
    longer["exp"] = json!(longer["exp"].as_u64().unwrap() + 3600);
    let mut wider = decode(&claims);
    wider["scope"] = json!("*.*");
    let mut other = decode(&claims);
    other["sub"] = json!("agt_0000000000000000000000");
    other["client_id"] = other["sub"].clone();
    for changed in [longer, wider, other] {
        hostile.push(format!("{header}.{}.{signature}", encode(&changed)));
    }
    hostile.push(format!("{header}.{claims}.{}", &signature[..80]));
    hostile.push(format!("{header}.{claims}.{}", "A".repeat(86)));
    hostile.push(format!("{header}.{claims}"));
    hostile.push(format!("{header}.{claims}.{signature}.{signature}"));
    hostile.push(format!("{header}.{}.{signature}", "A".repeat(100_000)));
    hostile.push(format!("{header}.{claims}.{signature}="));
    for text in &hostile {
        let refused = present(&stage.plane, text).await;
        let refused = refused.err();
        assert!(
            matches!(
                refused,
                Some(
                    AuthError::MadeUp
                        | AuthError::Mangled
                        | AuthError::Foreign
                        | AuthError::Access(_)
                )
            ),
            "{refused:?}: {text}"
        );
    }
    present(&stage.plane, issued.token.expose()).await.unwrap();
}

/// The plane's signing key, taken with the master key from the store: worse than anybody without both can do.
async fn stolen_key(stage: &Stage) -> Ed25519KeyPair {
    let keys = stage.store.snapshot().await.unwrap().signing_keys;
    let key = &keys[0];
    let mut aad = b"portunus signing key v1".to_vec();
    for field in [key.id.as_bytes().as_slice(), &key.public] {
        aad.extend_from_slice(&(field.len() as u64).to_be_bytes());
        aad.extend_from_slice(field);
    }
    let (nonce, msg) = key.sealed.split_first_chunk::<24>().unwrap();
    let seed = XChaCha20Poly1305::new(&[9; 32].into())
        .decrypt(&XNonce::from(*nonce), Payload { msg, aad: &aad })
        .unwrap();
    Ed25519KeyPair::from_seed_and_public_key(&seed, &key.public).unwrap()
}

fn signed(key: &Ed25519KeyPair, header: &str, claims: &str) -> String {
    let input = format!("{header}.{}", BASE64URL.encode(claims));
    let signature = BASE64URL.encode(key.sign(input.as_bytes()));
    format!("{input}.{signature}")
}

#[tokio::test]
async fn p6_a_good_signature_does_not_make_bad_claims_good() {
    let stage = Stage::new().await;
    let (mayor, clerk) = (stage.agent("mayor").await, stage.agent("clerk").await);
    let issued = issue(&stage.plane, &mayor).await;
    let of_clerk = issue(&stage.plane, &clerk).await;
    let key = stolen_key(&stage).await;
    let [header, claims, _] = parts(issued.token.expose());
    let [_, clerks, _] = parts(of_clerk.token.expose());
    let (good, clerks) = (decode(&claims), decode(&clerks));
    let said = String::from_utf8(BASE64URL.decode(&claims).unwrap()).unwrap();
    assert_eq!(
        signed(&key, &header, &said),
        issued.token.expose(),
        "the key is the plane's"
    );
    let with = |changes: &[(&str, Value)]| {
        let mut claims = good.clone();
        for (name, value) in changes {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
                value => claims[*name] = value.clone(),
            }
        }
        signed(&key, &header, &claims.to_string())
    };
    let now = good["iat"].as_u64().unwrap();
    let mut hostile = vec![
        with(&[("exp", Value::Null)]),
        with(&[("exp", json!(format!("{}", now + 600)))]),
        with(&[("exp", json!(u64::MAX))]),
        with(&[("exp", json!(now - 1))]),
        with(&[
            ("iat", json!(now + 300)),
            ("nbf", json!(now + 300)),
            ("exp", json!(now + 900)),
        ]),
        with(&[("iss", json!("https://evil.example"))]),
        with(&[("aud", json!("https://evil.example"))]),
        with(&[("aud", json!([good["aud"], "https://evil.example"]))]),
        with(&[("jti", json!("0000000000000000000000"))]),
        with(&[("fam", json!("fam_0000000000000000000000"))]),
        with(&[("fam", clerks["fam"].clone())]),
        with(&[
            ("sub", clerks["sub"].clone()),
            ("client_id", clerks["sub"].clone()),
        ]),
        with(&[("gen", json!(1))]),
        with(&[("admin", json!(true))]),
        signed(
            &key,
            &header,
            &said.replacen('{', "{\"sub\":\"agt_0000000000000000000000\",", 1),
        ),
    ];
    for (name, value) in [
        ("alg", json!("none")),
        ("typ", json!("JWT")),
        ("kid", json!("sig_0000000000000000000000")),
        ("jku", json!("https://evil.example/jwks.json")),
        ("crit", json!(["exp"])),
    ] {
        let mut other = decode(&header);
        other[name] = value;
        hostile.push(signed(&key, &encode(&other), &said));
    }
    for text in &hostile {
        let refused = present(&stage.plane, text).await;
        assert!(refused.is_err(), "{text}: {refused:?}");
        let refused = exchange(&stage.plane, Secret::new(text.clone()), None).await;
        let is_late = decode(&parts(text)[1])["exp"] == json!(now - 1);
        assert!(refused.is_err() || is_late, "{text} is renewed");
    }
    // Without a change it is good: what was refused above was refused for its change.
    present(&stage.plane, &with(&[])).await.unwrap();
}

#[tokio::test]
async fn another_planes_tokens_are_refused_though_they_look_the_same() {
    let (stage, other) = (Stage::new().await, Stage::new().await);
    let mayor = other.agent("mayor").await;
    stage.agent("mayor").await;
    let foreign = issue(&other.plane, &mayor).await;
    let refused = present(&stage.plane, foreign.token.expose()).await;
    assert_eq!(refused.err(), Some(AuthError::MadeUp));
}

#[tokio::test]
async fn a_token_of_another_issuer_or_audience_is_refused() {
    let stage = Stage::new().await;
    let mayor = stage.agent("mayor").await;
    let before = issue(&stage.plane, &mayor).await;
    // The same plane, known by an address: who verified offline for its old name must not be taken for it.
    let renamed = stage.restarted().await;
    renamed.reached_at("https://plane.example".to_owned());
    let refused = present(&renamed, before.token.expose()).await;
    assert_eq!(refused.err(), Some(AuthError::Access(ClaimsError::Issuer)));
    let after = issue(&renamed, &mayor).await;
    present(&renamed, after.token.expose()).await.unwrap();
    let [_, claims, _] = parts(after.token.expose());
    assert_eq!(decode(&claims)["aud"], "https://plane.example");
}

#[tokio::test]
async fn times_are_checked_on_tokens_that_were_seen_too() {
    let stage = Stage::new().await;
    let mayor = stage.agent("mayor").await;
    let issued = issue(&stage.plane, &mayor).await;
    let start = stage.plane.now();
    let fresh = issue(&stage.plane, &mayor).await;
    present(&stage.plane, issued.token.expose()).await.unwrap();
    stage.clock.set(start.plus_ms(599_999));
    present(&stage.plane, issued.token.expose()).await.unwrap();
    stage.clock.set(start.plus_ms(600_000));
    for token in [&issued, &fresh] {
        let refused = present(&stage.plane, token.token.expose()).await;
        assert_eq!(refused.err(), Some(AuthError::Access(ClaimsError::Expired)));
    }
    // A clock that is set back by more than it may be.
    stage.clock.set(start.minus_ms(181_000));
    let refused = present(&stage.plane, fresh.token.expose()).await;
    assert_eq!(
        refused.err(),
        Some(AuthError::Access(ClaimsError::TooEarly))
    );
}

#[tokio::test]
async fn p4_a_clock_that_is_set_back_by_minutes_leaves_agents_their_access_tokens() {
    let stage = Stage::new().await;
    let mayor = stage.agent("mayor").await;
    let start = stage.plane.now();
    let seen = issue(&stage.plane, &mayor).await;
    present(&stage.plane, seen.token.expose()).await.unwrap();
    let unseen = issue(&stage.plane, &mayor).await;
    let kept = issue(&stage.plane, &mayor).await;
    stage.clock.set(start.minus_ms(180_000));
    present(&stage.plane, unseen.token.expose()).await.unwrap();
    let renewed = renew(&stage.plane, &kept).await.unwrap();
    present(&stage.plane, renewed.token.expose()).await.unwrap();
    // What was used before goes on further back, too, and the token itself always makes new ones.
    stage.clock.set(start.minus_ms(7_200_000));
    present(&stage.plane, seen.token.expose()).await.unwrap();
    let anew = issue(&stage.plane, &mayor).await;
    present(&stage.plane, anew.token.expose()).await.unwrap();
}

#[tokio::test]
async fn p5_whatever_ends_a_credential_ends_its_access_tokens_and_their_streams() {
    use portunus_app::access::revoke::{revoke, revoke_all};
    use portunus_app::tokens::Force;
    use portunus_app::tokens::rotate::Overlap;
    let stage = Stage::new().await;
    for way in ["delete", "token", "rotate", "generation", "family", "reuse"] {
        let token = stage.agent(way).await;
        let issued = issue(&stage.plane, &token).await;
        let narrowed = exchange(
            &stage.plane,
            issued.token.clone(),
            Some("self.show".parse().unwrap()),
        );
        let narrowed = narrowed.await.unwrap();
        let open = present(&stage.plane, issued.token.expose()).await.unwrap();
        let narrow_open = present(&stage.plane, narrowed.token.expose())
            .await
            .unwrap();
        let (plane, by) = (&stage.plane, stage.operator);
        match way {
            "delete" => drop(
                portunus_app::agents::delete(plane, by, way.into())
                    .await
                    .unwrap(),
            ),
            "token" => {
                let kid = stage.prove(&token).await.unwrap().kid;
                portunus_app::tokens::revoke(plane, by, kid, Force::No)
                    .await
                    .unwrap();
            }
            "rotate" => {
                let at_once = Overlap::from_millis(0).unwrap();
                portunus_app::tokens::rotate(plane, by, way.into(), at_once)
                    .await
                    .unwrap();
            }
            "generation" => assert_eq!(
                revoke_all(plane, by, way.into()).await.unwrap().generation,
                1
            ),
            "family" => revoke(plane, &open, issued.token.clone()).await.unwrap(),
            _ => {
                let successor = renew(plane, &issued).await.unwrap();
                present(plane, successor.token.expose()).await.unwrap();
                assert_eq!(
                    renew(plane, &issued).await.err(),
                    Some(ExchangeError::Reused)
                );
            }
        }
        for (session, token) in [(open, &issued), (narrow_open, &narrowed)] {
            assert!(session.revoked.is_cancelled(), "{way}: its streams end");
            let refused = present(plane, token.token.expose()).await;
            assert_eq!(refused.err(), Some(AuthError::Revoked), "{way}");
            let restarted = stage.restarted().await;
            let refused = present(&restarted, token.token.expose()).await;
            assert_eq!(
                refused.err(),
                Some(AuthError::Revoked),
                "{way}, after a restart"
            );
        }
    }
}

#[tokio::test]
async fn p4_a_rotation_with_overlap_ends_no_access_token() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let issued = issue(&stage.plane, &token).await;
    for _ in 0..3 {
        let rotated = portunus_app::tokens::rotate(
            &stage.plane,
            stage.operator,
            "mayor".into(),
            portunus_app::tokens::rotate::Overlap::default(),
        );
        let rotated = rotated.await.unwrap();
        prove(&stage.plane, &rotated.token).await.unwrap();
        stage.clock.advance(MINUTE * 2);
        present(&stage.plane, issued.token.expose()).await.unwrap();
    }
    let renewed = renew(&stage.plane, &issued).await.unwrap();
    let restarted = stage.restarted().await;
    present(&restarted, renewed.token.expose()).await.unwrap();
}

#[tokio::test]
async fn families_and_what_is_known_of_them_survive_a_restart() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let first = issue(&stage.plane, &token).await;
    let successor = renew(&stage.plane, &first).await.unwrap();
    let restarted = stage.restarted().await;
    // Its reply was lost with the crash.
    let again = renew(&restarted, &first).await.unwrap();
    assert_eq!(again.token.expose(), successor.token.expose());
    present(&restarted, successor.token.expose()).await.unwrap();
    restarted.flush().await.unwrap();
    // The first use is remembered.
    let restarted = stage.restarted().await;
    assert_eq!(
        renew(&restarted, &first).await.err(),
        Some(ExchangeError::Reused)
    );
}

#[tokio::test]
async fn p4_renewals_that_meet_get_the_same_successor() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let first = issue(&stage.plane, &token).await;
    let renewals = (0..8).map(|_| renew(&stage.plane, &first));
    let renewed = futures_util::future::join_all(renewals).await;
    let texts: Vec<&str> = renewed
        .iter()
        .map(|renewed| renewed.as_ref().unwrap().token.expose())
        .collect();
    assert!(texts.iter().all(|text| *text == texts[0]));
    present(&stage.plane, texts[0]).await.unwrap();
}

#[tokio::test]
async fn a_narrowed_family_ends_no_later_than_the_one_it_came_from() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let mut parent = issue(&stage.plane, &token).await;
    for _ in 0..(23 * 12) {
        stage.clock.advance(MINUTE * 5);
        parent = renew(&stage.plane, &parent).await.unwrap();
    }
    let narrowed = exchange(
        &stage.plane,
        parent.token.clone(),
        Some("self.*".parse().unwrap()),
    );
    let mut narrowed = narrowed.await.unwrap();
    let wider = exchange(
        &stage.plane,
        narrowed.token.clone(),
        Some("llm.*".parse().unwrap()),
    )
    .await;
    assert_eq!(
        wider.err(),
        Some(ExchangeError::BeyondScope("llm.*".into()))
    );
    for _ in 0..11 {
        stage.clock.advance(MINUTE * 5);
        narrowed = renew(&stage.plane, &narrowed).await.unwrap();
    }
    assert_eq!(narrowed.expires_in_s, 300);
    stage.clock.advance(MINUTE * 5);
    assert_eq!(
        renew(&stage.plane, &narrowed).await.err(),
        Some(ExchangeError::Over)
    );
}

#[tokio::test]
async fn a_signing_key_verifies_until_its_last_token_can_no_longer_be_renewed() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let issued = issue(&stage.plane, &token).await;
    for _ in 0..3 {
        signing::rotate(&stage.plane, stage.operator).await.unwrap();
    }
    assert_eq!(stage.plane.public_keys().len(), 4);
    present(&stage.plane, issued.token.expose()).await.unwrap();
    let restarted = stage.restarted().await;
    present(&restarted, issued.token.expose()).await.unwrap();
    stage.clock.advance(MINUTE * 20 - Duration::from_secs(1));
    let renewed = renew(&restarted, &issued).await.unwrap();
    stage.clock.advance(Duration::from_secs(1));
    assert_eq!(stage.plane.public_keys().len(), 1);
    present(&restarted, renewed.token.expose()).await.unwrap();
    let restarted = stage.restarted().await;
    let refused = present(&restarted, issued.token.expose()).await;
    assert_eq!(refused.err(), Some(AuthError::MadeUp));
}

#[tokio::test]
async fn while_the_database_is_down_access_tokens_work_and_none_is_issued() {
    use portunus_store::memory::Outage;
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let issued = issue(&stage.plane, &token).await;
    stage.store.outage(Outage::Begins);
    present(&stage.plane, issued.token.expose()).await.unwrap();
    let failed = renew(&stage.plane, &issued).await;
    assert!(matches!(failed.err(), Some(ExchangeError::Failure(_))));
    stage.store.outage(Outage::Ends);
    // The failed renewal moved nothing.
    renew(&stage.plane, &issued).await.unwrap();
}

#[tokio::test]
async fn p11_the_private_key_is_sealed_in_the_store() {
    let stage = Stage::new().await;
    let keys = stage.store.snapshot().await.unwrap().signing_keys;
    let [key] = keys.as_slice() else {
        panic!("one key")
    };
    // A nonce, the sealed seed and a tag; the seed is nowhere in the clear.
    assert_eq!(key.sealed.len(), 24 + 32 + 16);
    assert!(!key.sealed.windows(32).any(|part| part == key.public));
    assert!(!format!("{:?}", stage.plane).contains("seed"));
}
