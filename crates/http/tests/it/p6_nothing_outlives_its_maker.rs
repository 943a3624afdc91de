//! P6 in time: what a credential with an end makes ends with it or before, whichever way it is presented. An access token
//! is bound by the end of what is behind it, not by its own few minutes.

use crate::access_tokens::token;
use crate::api::{Answer, Api};
use crate::signed_in::cookie;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const IMPORT: &str = "/api/v1/import";
/// Less than an administrator holds, and enough to make all that is made here.
const NARROWED: &str = "*.list *.read *.show *.status agents.* boards.* devices.* import.* inbox.* llm.* messages.* \
     notifications.* operators.* passwords.* self.* sessions.* tokens.*";

/// How the same operator asks.
enum Credential {
    Bearer(String),
    Cookie(String),
}

async fn ask(api: &Api, by: &Credential, path: &str, body: Value) -> Answer {
    match by {
        Credential::Bearer(text) => api.call_as(text, Method::POST, path, Some(body)).await,
        Credential::Cookie(text) => api.change_in(text, Method::POST, path, Some(body)).await,
    }
}

/// Everything that makes a token of its own, with what it needs besides an end.
fn makers() -> [(&'static str, Value); 5] {
    [
        ("/api/v1/agents", json!({"name": "hired"})),
        ("/api/v1/agents/old/restore", json!({})),
        ("/api/v1/agents/mayor/tokens/rotate", json!({})),
        (
            "/api/v1/operators",
            json!({"name": "hired", "role": "viewer"}),
        ),
        ("/api/v1/operators/ann/tokens/rotate", json!({})),
    ]
}

/// A plane on which all of that has something to work on, and an operator whose token ends in an hour.
async fn household() -> (Api, String, Value) {
    let api = Api::new().await;
    api.agent("mayor").await;
    api.agent("old").await;
    let archive = "/api/v1/agents/old/archive";
    api.call(Method::POST, archive, None).await.is(200);
    let ann = json!({"name": "ann", "role": "viewer"});
    api.post("/api/v1/operators", ann).await.is(201);
    let hirer = json!({"name": "hirer", "role": "admin", "expires_in_ms": 3_600_000});
    let hirer = api.post("/api/v1/operators", hirer).await.is(201).json();
    let own = hirer["token"].as_str().unwrap().to_owned();
    (api, own, hirer["expires_at"].clone())
}

/// Every way in which the operator shows that it is the one.
async fn credentials(api: &Api, own: String) -> [Credential; 4] {
    let access = token(&api.exchange(&own, None).await.is(200));
    let narrowed = token(&api.renew(&access, Some(NARROWED)).await.is(200));
    let session = cookie(&api.sign_in_with(&own).await.is(201));
    [
        Credential::Bearer(own),
        Credential::Bearer(access),
        Credential::Bearer(narrowed),
        Credential::Cookie(session),
    ]
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[tokio::test]
async fn p6_nothing_outlives_a_credential_with_an_end() {
    for way in 0..4 {
        let (api, own, end) = household().await;
        let by = &credentials(&api, own).await[way];
        let mut made = Vec::new();
        for (path, body) in makers() {
            let later = with(body.clone(), "expires_in_ms", json!(3_600_001));
            for beyond in [body.clone(), later] {
                let refused = ask(&api, by, path, beyond).await.is(403);
                assert_eq!(refused.code(), "outlives_credential", "{way} {path}");
                let fix = refused.json()["fix"].as_str().unwrap().to_owned();
                assert!(fix.contains(end.as_str().unwrap()), "{fix}");
            }
            let in_time = with(body, "expires_at", end.clone());
            let answer = ask(&api, by, path, in_time).await.is(201).json();
            made.push(answer["token"].as_str().unwrap().to_owned());
        }
        let hash = "a".repeat(64);
        let line = json!({"kind": "agent", "name": "imported", "token_sha256": hash});
        let lines = json!({"lines": [line]});
        let refused = ask(&api, by, IMPORT, lines).await.is(403);
        assert_eq!(refused.code(), "outlives_credential", "{way}");
        for token in &made {
            api.whoami(token).await.is(200);
        }
        api.clock.advance(Duration::from_secs(3_600));
        for token in &made {
            api.whoami(token).await.is(401);
        }
    }
}

#[tokio::test]
async fn p6_what_an_access_token_of_a_lasting_credential_makes_lasts() {
    let api = Api::new().await;
    let access = token(&api.exchange(&api.operator, None).await.is(200));
    let body = Some(json!({"name": "hired"}));
    let made = api.call_as(&access, Method::POST, "/api/v1/agents", body);
    let made = made.await.is(201).json();
    assert!(made.get("expires_at").is_none_or(Value::is_null), "{made}");
    api.clock.advance(Duration::from_secs(25 * 3_600));
    api.whoami(&access).await.is(401);
    api.whoami(made["token"].as_str().unwrap()).await.is(200);
}
