//! Access tokens over the control API: exchanged, accepted, renewed, looked at, ended.

use crate::api::{Answer, Api};
use axum::body::Body;
use http::{Method, Request};
use portunus_core::scope::ScopeSet;
use serde_json::{Value, json};
use std::time::Duration;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const MINUTE: Duration = Duration::from_secs(60);

impl Api {
    pub(crate) async fn oauth(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call_as(token, Method::POST, path, Some(body)).await
    }

    /// An access token for a token, and the whole answer.
    pub(crate) async fn exchange(&self, token: &str, scope: Option<&str>) -> Answer {
        let body = json!({"grant_type": "client_credentials", "scope": scope});
        self.oauth("/api/v1/token", token, body).await
    }

    pub(crate) async fn renew(&self, access: &str, scope: Option<&str>) -> Answer {
        let body = json!({
            "grant_type": EXCHANGE, "subject_token": access,
            "subject_token_type": ACCESS_TOKEN, "scope": scope,
        });
        self.oauth("/api/v1/token", "", body).await
    }

    pub(crate) async fn whoami(&self, token: &str) -> Answer {
        self.call_as(token, Method::GET, "/api/v1/whoami", None)
            .await
    }
}

pub(crate) fn token(answer: &Answer) -> String {
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.json()["error"], error, "{}", answer.text);
    assert!(answer.json()["error_description"].is_string());
}

#[tokio::test]
async fn a_token_is_exchanged_in_every_way_that_oauth_has() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let by_bearer = api.exchange(&mayor, None).await.is(200);
    assert_eq!(by_bearer.json()["token_type"], "Bearer");
    assert_eq!(by_bearer.json()["expires_in"], 600);
    assert_eq!(by_bearer.json()["scope"], ScopeSet::agent().to_string());
    let due = by_bearer.json()["refresh_in"].as_u64().unwrap();
    assert!((270..=330).contains(&due), "{due}");
    assert_eq!(by_bearer.header("cache-control"), "no-store");

    let by_body = json!({
        "grant_type": "client_credentials", "client_id": "mayor", "client_secret": mayor,
    });
    let by_body = api.oauth("/api/v1/token", "", by_body).await.is(200);
    let exchanged = api.renew(&mayor, Some("self.show")).await.is(200);
    assert_eq!(exchanged.json()["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(exchanged.json()["scope"], "self.show");

    let basic = |credentials: String, body: &str| {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
        let request = Request::post("/api/v1/token")
            .header("authorization", format!("Basic {encoded}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body.to_owned()));
        request.unwrap()
    };
    let form = "grant_type=client_credentials&scope=self.*+llm.call&unknown=ignored";
    let by_basic = api
        .send(basic(format!("mayor:{mayor}"), form))
        .await
        .is(200);
    assert_eq!(by_basic.json()["scope"], "llm.call self.*");
    for answer in [by_bearer, by_body, exchanged, by_basic] {
        let me = api.whoami(&token(&answer)).await.is(200).json();
        assert_eq!(
            (&me["name"], &me["kind"]),
            (&json!("mayor"), &json!("agent"))
        );
        let held: Vec<&str> = me["scopes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one.as_str().unwrap())
            .collect();
        assert_eq!(held.join(" "), answer.json()["scope"].as_str().unwrap());
    }
    let impostor = api.send(basic(format!("clerk:{mayor}"), form)).await;
    refused(&impostor, 401, "invalid_client");
    let twice = api
        .send(basic(
            format!("mayor:{mayor}"),
            "grant_type=client_credentials&grant_type=x",
        ))
        .await;
    refused(&twice, 400, "invalid_request");
    let both = api
        .send(basic(
            format!("mayor:{mayor}"),
            &format!("grant_type=client_credentials&client_secret={mayor}"),
        ))
        .await;
    refused(&both, 400, "invalid_request");
}

#[tokio::test]
async fn p2_p6_what_is_asked_for_wrongly_is_told_in_oauths_shape() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let clerk = api.agent("clerk").await;
    let missing = api.exchange("", None).await;
    refused(&missing, 401, "invalid_client");
    assert!(missing.header("www-authenticate").contains("Bearer"));
    refused(
        &api.exchange("ptna_wrong", None).await,
        401,
        "invalid_client",
    );
    refused(
        &api.exchange(&mayor, Some("agents.create")).await,
        400,
        "invalid_scope",
    );
    refused(
        &api.exchange(&mayor, Some("*.*")).await,
        400,
        "invalid_scope",
    );
    refused(
        &api.exchange(&mayor, Some("no scope")).await,
        400,
        "invalid_scope",
    );
    for (body, error) in [
        (json!({}), "invalid_request"),
        (json!({"grant_type": "password"}), "unsupported_grant_type"),
        (json!({"grant_type": EXCHANGE}), "invalid_request"),
        (
            json!({"grant_type": EXCHANGE, "subject_token": mayor}),
            "invalid_request",
        ),
        (
            json!({"grant_type": EXCHANGE, "subject_token": mayor, "subject_token_type": "urn:x"}),
            "invalid_request",
        ),
        (
            json!({"grant_type": EXCHANGE, "subject_token": clerk, "subject_token_type": ACCESS_TOKEN}),
            "invalid_grant",
        ),
        (
            json!({"grant_type": "client_credentials", "audience": "https://other.example"}),
            "invalid_target",
        ),
        (
            json!({"grant_type": "client_credentials", "scope": ["self.*"]}),
            "invalid_request",
        ),
    ] {
        refused(&api.oauth("/api/v1/token", &mayor, body).await, 400, error);
    }
    let access = token(&api.exchange(&mayor, None).await.is(200));
    refused(&api.exchange(&access, None).await, 400, "invalid_request");
    let in_url = api
        .oauth(
            "/api/v1/token?grant_type=client_credentials",
            &mayor,
            json!({}),
        )
        .await;
    refused(&in_url, 400, "invalid_request");
}

#[tokio::test]
async fn nobody_mints_beyond_what_they_hold() {
    let api = Api::new().await;
    let created = api
        .post(
            "/api/v1/agents",
            json!({"name": "clerk", "scopes": ["llm.call:model/claude-haiku-*", "self.*"]}),
        )
        .await
        .is(201);
    assert_eq!(
        created.json()["agent"]["scopes"],
        json!(["llm.call:model/claude-haiku-*", "self.*"])
    );
    let clerk = created.json()["token"].as_str().unwrap().to_owned();
    refused(
        &api.exchange(&clerk, Some("llm.call")).await,
        400,
        "invalid_scope",
    );
    let narrow = api
        .exchange(&clerk, Some("llm.call:model/claude-haiku-4*"))
        .await
        .is(200);
    let narrow = token(&narrow);
    refused(
        &api.renew(&narrow, Some("self.show")).await,
        400,
        "invalid_scope",
    );
    refused(
        &api.renew(&narrow, Some("llm.call:model/claude-haiku-*"))
            .await,
        400,
        "invalid_scope",
    );
    assert_eq!(
        api.whoami(&narrow).await.is(403).code(),
        "insufficient_scope"
    );

    // An operator's narrowed token creates no agent that holds more, and rotates nobody's token that does.
    let narrow = api
        .exchange(&api.operator, Some("agents.* tokens.* self.*"))
        .await
        .is(200);
    let narrow = token(&narrow);
    let create = |scopes: Value| {
        let body = json!({"name": "new", "scopes": scopes});
        api.call_as(&narrow, Method::POST, "/api/v1/agents", Some(body))
    };
    assert_eq!(
        create(Value::Null).await.is(403).code(),
        "insufficient_scope"
    );
    assert_eq!(
        create(json!(["*.*"])).await.is(403).code(),
        "insufficient_scope"
    );
    create(json!(["self.show"])).await.is(201);
    let rotate = |path: &'static str| api.call_as(&narrow, Method::POST, path, None);
    rotate("/api/v1/agents/new/tokens/rotate").await.is(201);
    assert_eq!(
        rotate("/api/v1/agents/clerk/tokens/rotate")
            .await
            .is(403)
            .code(),
        "insufficient_scope"
    );
    assert_eq!(
        rotate("/api/v1/operators/operator/tokens/rotate")
            .await
            .is(403)
            .code(),
        "insufficient_scope"
    );
    for bad in [
        json!([]),
        json!(["agents"]),
        json!(["keys.list:pool/a"]),
        json!(["agnets.list"]),
        json!(["llm.calls:pool/a"]),
    ] {
        let body = json!({"name": "bad", "scopes": bad});
        assert_eq!(
            api.post("/api/v1/agents", body).await.is(400).code(),
            "invalid_body"
        );
    }
}

#[tokio::test]
async fn p4_an_access_token_is_renewed_and_expires_only_for_those_who_do_not() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let mut access = token(&api.exchange(&mayor, None).await.is(200));
    // A whole day, minute by minute; renewed when due.
    for minute in 0..(24 * 60 - 6) {
        if minute % 5 == 4 {
            access = token(&api.renew(&access, None).await.is(200));
        }
        api.whoami(&access).await.is(200);
        api.clock.advance(MINUTE);
    }
    api.clock.advance(MINUTE * 10);
    assert_eq!(api.whoami(&access).await.is(401).code(), "invalid_token");
    refused(&api.renew(&access, None).await, 400, "invalid_grant");
    // The family is over; the token is exchanged anew.
    api.exchange(&mayor, None).await.is(200);
}

#[tokio::test]
async fn p4_an_expired_one_is_renewed_within_its_grace_and_not_after() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let (first, second) = (
        api.exchange(&mayor, None).await,
        api.exchange(&mayor, None).await,
    );
    api.clock.advance(MINUTE * 19);
    let first = token(&first);
    let refusal = api.whoami(&first).await.is(401);
    assert_eq!(refusal.code(), "invalid_token");
    let renewed = token(&api.renew(&first, None).await.is(200));
    api.whoami(&renewed).await.is(200);
    // Narrowing is no renewal: an expired one cannot be narrowed.
    api.clock.advance(MINUTE);
    refused(
        &api.renew(&token(&second), None).await,
        400,
        "invalid_grant",
    );
}

#[tokio::test]
async fn renewing_twice_is_a_lost_reply_until_the_successor_is_used_and_reuse_after_it() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let first = token(&api.exchange(&mayor, None).await.is(200));
    let successor = token(&api.renew(&first, None).await.is(200));
    assert_eq!(token(&api.renew(&first, None).await.is(200)), successor);
    let narrowed = token(&api.renew(&successor, Some("self.show")).await.is(200));
    api.whoami(&narrowed).await.is(200);
    // The narrowing was the successor's first use.
    refused(&api.renew(&first, None).await, 400, "invalid_grant");
    for ended in [&first, &successor, &narrowed] {
        assert_eq!(api.whoami(ended).await.is(401).code(), "invalid_token");
        refused(&api.renew(ended, None).await, 400, "invalid_grant");
    }
    let log = api
        .get("/api/v1/audit?action=family.reused")
        .await
        .is(200)
        .json();
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
    assert_eq!(log["items"][0]["actor"], Value::Null);
    // The token itself is not what was stolen.
    api.exchange(&mayor, None).await.is(200);
}

#[tokio::test]
async fn p5_ended_tokens_are_refused_and_looked_at_as_worth_nothing() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let access = token(&api.exchange(&mayor, None).await.is(200));
    let introspect = async |by: &str, text: &str| {
        api.oauth("/api/v1/token/introspect", by, json!({"token": text}))
            .await
    };
    let seen = introspect(&mayor, &access).await.is(200).json();
    assert_eq!(
        (&seen["active"], &seen["username"]),
        (&json!(true), &json!("mayor"))
    );
    assert_eq!(
        seen["exp"].as_u64().unwrap() - seen["iat"].as_u64().unwrap(),
        600
    );
    assert_eq!(
        introspect(&api.operator, &mayor).await.is(200).json()["active"],
        true
    );
    let clerk = api.agent("clerk").await;
    assert_eq!(
        introspect(&clerk, &access).await.is(200).json(),
        json!({"active": false})
    );
    assert_eq!(
        introspect(&clerk, "nonsense").await.is(200).json(),
        json!({"active": false})
    );
    refused(&introspect("", &access).await, 401, "invalid_client");

    let revoke = async |by: &str, text: &str| {
        api.oauth("/api/v1/token/revoke", by, json!({"token": text}))
            .await
    };
    refused(&revoke(&clerk, &access).await, 403, "access_denied");
    revoke(&clerk, "nonsense").await.is(200);
    revoke(&access, &access).await.is(200);
    assert_eq!(api.whoami(&access).await.is(401).code(), "invalid_token");
    assert_eq!(
        introspect(&mayor, &access).await.is(200).json(),
        json!({"active": false})
    );

    let access = token(&api.exchange(&mayor, None).await.is(200));
    let all = "/api/v1/agents/mayor/access/revoke";
    let raised = api.call(Method::POST, all, None).await.is(200).json();
    assert_eq!(
        (&raised["generation"], &raised["families"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(api.whoami(&access).await.is(401).code(), "invalid_token");
    let access = token(&api.exchange(&mayor, None).await.is(200));
    api.whoami(&access).await.is(200);
    revoke(&api.operator, &mayor).await.is(200);
    assert_eq!(api.whoami(&access).await.is(401).code(), "invalid_token");
    refused(&api.exchange(&mayor, None).await, 401, "invalid_client");
}

#[tokio::test]
async fn who_exchanges_too_often_is_told_when_to_come_again() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let mut limited = None;
    for _ in 0..200 {
        let answer = api.exchange(&mayor, None).await;
        if answer.status == 429 {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("there is a quota");
    refused(&limited, 429, "temporarily_unavailable");
    let seconds: u64 = limited.header("retry-after").parse().unwrap();
    // Nobody else pays for it.
    let clerk = api.agent("clerk").await;
    api.exchange(&clerk, None).await.is(200);
    api.clock.advance(Duration::from_secs(seconds));
    api.exchange(&mayor, None).await.is(200);
}

#[tokio::test]
async fn a_replaced_agent_of_the_same_name_is_somebody_else() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let access = token(&api.exchange(&mayor, None).await.is(200));
    api.whoami(&access).await.is(200);
    api.call(Method::DELETE, "/api/v1/agents/mayor", None)
        .await
        .is(200);
    api.agent("mayor").await;
    assert_eq!(api.whoami(&access).await.is(401).code(), "invalid_token");
    refused(&api.renew(&access, None).await, 400, "invalid_grant");
}

#[tokio::test]
async fn signing_keys_rotate_with_overlap() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let old = token(&api.exchange(&mayor, None).await.is(200));
    let kids =
        async || {
            let set = api
                .call_as("", Method::GET, "/.well-known/jwks.json", None)
                .await
                .is(200);
            assert_eq!(set.header("cache-control"), "public, max-age=300");
            let keys = set.json()["keys"].as_array().unwrap().clone();
            assert!(keys.iter().all(|key| key["alg"] == "EdDSA"
                && key["crv"] == "Ed25519"
                && key.get("d").is_none()));
            keys.iter()
                .map(|key| key["kid"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
    let before = kids().await;
    assert_eq!(before.len(), 1);
    let rotated = api
        .post("/api/v1/signing/rotate", Value::Null)
        .await
        .is(201)
        .json();
    assert_eq!(
        (&rotated["keys"][0]["state"], &rotated["keys"][1]["state"]),
        (&json!("active"), &json!("retiring"))
    );
    let after = kids().await;
    assert_eq!((after.len(), &after[1]), (2, &before[0]));
    api.whoami(&old).await.is(200);
    let new = token(&api.renew(&old, None).await.is(200));
    assert_ne!(new.split('.').next(), old.split('.').next());
    api.whoami(&new).await.is(200);
    api.clock.advance(MINUTE * 20);
    assert_eq!(kids().await, [after[0].clone()]);
    let listed = api.get("/api/v1/signing").await.is(200).json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_metadata_names_the_endpoints() {
    let api = Api::new().await;
    let request =
        Request::get("/.well-known/oauth-authorization-server").header("host", "plane.test:7070");
    let told = api
        .send(request.body(Body::empty()).unwrap())
        .await
        .is(200)
        .json();
    assert!(
        told["issuer"]
            .as_str()
            .unwrap()
            .starts_with("urn:portunus:")
    );
    assert_eq!(
        told["token_endpoint"],
        "http://plane.test:7070/api/v1/token"
    );
    api.plane.reached_at("https://plane.example".to_owned());
    let request =
        Request::get("/.well-known/oauth-authorization-server").header("host", "evil.test");
    let told = api
        .send(request.body(Body::empty()).unwrap())
        .await
        .is(200)
        .json();
    assert_eq!(told["issuer"], "https://plane.example");
    assert_eq!(
        told["jwks_uri"],
        "https://plane.example/.well-known/jwks.json"
    );
}
