//! Access tokens that somebody made or changed, as a stranger can who has one good token and the plane's public keys:
//! at the control API, at the model door and at the endpoints of OAuth. What a thief of the signing key could write is tried
//! in `crates/app/tests/it/access_tokens.rs`.

use crate::plane::{Plane, request};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// What the endpoints of OAuth read of whoever asks, in bytes.
const PROOF_BYTES: usize = 16 * 1024;

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// What is tried with the parts of a good token.
fn forgeries(good: &str, public: &Value) -> Vec<String> {
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{good}");
    };
    let (said, claimed) = (decode(header), decode(claims));
    let key = public["x"].as_str().unwrap();
    let headed = |name: &str, value: Value| {
        let mut header = said.clone();
        header[name] = value;
        encode(&header)
    };
    let claiming = |name: &str, value: Value| {
        let mut claims = claimed.clone();
        claims[name] = value;
        encode(&claims)
    };
    let mut made = Vec::new();
    // RFC 8725, 2.1: the public key as a shared secret, in every spelling in which one might have it.
    for secret in [
        URL_SAFE_NO_PAD.decode(key).unwrap(),
        key.as_bytes().to_vec(),
        public.to_string().into_bytes(),
    ] {
        let input = format!("{}.{claims}", headed("alg", json!("HS256")));
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, &secret),
            input.as_bytes(),
        );
        made.push(format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag)));
    }
    for header in [
        headed("alg", json!("none")),
        headed("alg", json!("nOnE")),
        headed("kid", json!("../../../../dev/null")),
        headed("kid", json!(["a"])),
        headed("jku", json!("http://127.0.0.1:1/jwks.json")),
        headed("x5u", json!("http://127.0.0.1:1/cert.pem")),
        headed("jwk", public.clone()),
        headed("x5c", json!([STANDARD.encode("cert")])),
        headed("typ", json!("JWT")),
        headed("b64", json!(false)),
    ] {
        made.push(format!("{header}.{claims}.{signature}"));
        made.push(format!("{header}.{claims}."));
    }
    for claims in [
        claiming("scope", json!("*.*")),
        claiming("exp", json!(u64::MAX)),
        claiming("exp", json!("never")),
        claiming("sub", json!("opr_0000000000000000000000")),
        claiming("iss", json!("https://evil.example")),
    ] {
        made.push(format!("{header}.{claims}.{signature}"));
    }
    // The same bits in other clothes: padding, the other alphabet, spaces, bits that base64 has to spare.
    made.push(format!("{good}=="));
    made.push(format!("{good}."));
    made.push(format!("{good}.{signature}"));
    made.push(format!("{header}.{claims} .{signature}"));
    made.push(format!(
        "{header}.{claims}.{}",
        STANDARD.encode(URL_SAFE_NO_PAD.decode(signature).unwrap())
    ));
    made.push(format!(
        "{}.{claims}.{signature}",
        STANDARD.encode(said.to_string())
    ));
    made.extend(spare_bits(good));
    for length in [12_000, 60_000] {
        made.push(format!("{header}.{}.{signature}", "A".repeat(length)));
    }
    made.push(format!("{header}.{claims}.{}", &signature[..85]));
    made
}

/// The good token with its last character changed in bits that stand for nothing: 86 characters are 516 bits, a signature
/// has 512.
fn spare_bits(good: &str) -> Vec<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = good.split_at(good.len() - 1);
    let at = ALPHABET.find(last).unwrap();
    let others = (0..16).map(|bits| at / 16 * 16 + bits);
    others
        .filter(|other| *other != at)
        .map(|other| format!("{rest}{}", &ALPHABET[other..=other]))
        .collect()
}

#[test]
fn p6_a_forged_access_token_opens_neither_door() {
    let plane = Plane::start_configured("[limits]\nvital_per_minute = 0\n");
    let mayor = plane.create_agent("mayor");
    let exchanged = plane.run_as(&mayor, "token exchange", "").well().out;
    let good = exchanged.trim();
    let keys = request(&plane.url, "GET", "/.well-known/jwks.json", &[], None).json();
    let whoami = |token: &str| plane.ask(token, "GET", "/api/v1/whoami", None).status;
    assert_eq!(whoami(good), 200);
    let forgeries = forgeries(good, &keys["keys"][0]);
    assert!(forgeries.len() > 45, "{}", forgeries.len());
    for forged in &forgeries {
        assert_ne!(forged, good);
        let refused = plane.ask(forged, "GET", "/api/v1/whoami", None);
        assert_eq!(refused.status, 401, "{forged}: {refused:?}");
        let door = request(
            &plane.url,
            "POST",
            "/v1/messages",
            &[("x-api-key", forged)],
            Some("{}"),
        );
        assert_eq!(door.status, 401, "{forged}: {door:?}");
        // To whom it may concern it is worth nothing either.
        let body = json!({"token": forged});
        let told = plane.ask(
            &plane.operator,
            "POST",
            "/api/v1/token/introspect",
            Some(&body),
        );
        // What nobody has proven yet is read up to a few KiB.
        let is_too_long = forged.len() > PROOF_BYTES;
        if is_too_long {
            assert_eq!(told.status, 413, "{told:?}");
        } else {
            assert_eq!(
                (told.status, &told.json()["active"]),
                (200, &json!(false)),
                "{forged}"
            );
        }
        let body = json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": forged,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        });
        let told = request(
            &plane.url,
            "POST",
            "/api/v1/token",
            &[],
            Some(&body.to_string()),
        );
        let refused = if is_too_long { 413 } else { 400 };
        assert_eq!(told.status, refused, "{forged}: {told:?}");
    }
    assert_eq!(whoami(good), 200, "the good one is as good as before");
}

#[test]
fn p6_what_belongs_to_one_is_nothing_in_the_hands_of_another() {
    let plane = Plane::start_configured("[limits]\nvital_per_minute = 0\n");
    let (mayor, thief) = (plane.create_agent("mayor"), plane.create_agent("thief"));
    let exchanged = plane.run_as(&mayor, "token exchange", "").well().out;
    let stolen = exchanged.trim();
    let as_thief = |path: &str, body: &Value| plane.ask(&thief, "POST", path, Some(body));
    let looked = as_thief("/api/v1/token/introspect", &json!({"token": stolen}));
    assert_eq!(looked.json(), json!({"active": false}));
    let looked = as_thief("/api/v1/token/introspect", &json!({"token": mayor}));
    assert_eq!(looked.json(), json!({"active": false}));
    let renewal = json!({
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": stolen,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    });
    let renewed = as_thief("/api/v1/token", &renewal);
    assert_eq!(renewed.json()["error"], "invalid_grant", "{renewed:?}");
    let ended = as_thief("/api/v1/token/revoke", &json!({"token": stolen}));
    assert!(matches!(ended.status, 200 | 403), "{ended:?}");
    assert!(plane.accepts(stolen), "the thief ended it");
    // Two different credentials in one request are nobody's.
    let both = [
        ("authorization", &*format!("Bearer {stolen}")),
        ("x-api-key", &*thief),
    ];
    let told = request(&plane.url, "GET", "/api/v1/whoami", &both, None);
    assert_eq!(told.json()["code"], "two_tokens", "{told:?}");
}
