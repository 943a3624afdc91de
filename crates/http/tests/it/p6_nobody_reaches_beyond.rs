//! P6: what a credential makes or ends stays within what that credential holds, not within what its owner does.

use crate::access_tokens::token;
use crate::api::Api;
use crate::signed_in::{DEVICES, PASSWORD, SESSIONS, cookie};
use http::Method;
use serde_json::{Value, json};

const OWN: &str = "/api/v1/operators/operator";

/// A route that makes or changes what proves somebody, and the scope that it asks for.
struct Route {
    scope: &'static str,
    method: Method,
    path: String,
    body: Value,
}

fn route(scope: &'static str, method: Method, path: impl Into<String>, body: Value) -> Route {
    let path = path.into();
    Route {
        scope,
        method,
        path,
        body,
    }
}

/// What signs an operator in for longer than any access token lives.
fn of_sign_in() -> Vec<Route> {
    let set = json!({"password": "another canary phrase", "current_password": PASSWORD});
    vec![
        route(
            "devices.pair",
            Method::POST,
            DEVICES,
            json!({"name": "phone"}),
        ),
        route(
            "devices.rotate",
            Method::POST,
            format!("{DEVICES}/laptop/rotate"),
            json!({}),
        ),
        route("passwords.set", Method::PUT, format!("{OWN}/password"), set),
    ]
}

fn of_tokens() -> Vec<Route> {
    let all = json!({"scopes": ["*.*"]});
    vec![
        route(
            "tokens.rotate",
            Method::POST,
            format!("{OWN}/tokens/rotate"),
            json!({}),
        ),
        route(
            "operators.create",
            Method::POST,
            "/api/v1/operators",
            json!({"name": "eve", "role": "admin"}),
        ),
        route(
            "operators.update",
            Method::PATCH,
            OWN,
            json!({"scopes": ["operators.update"]}),
        ),
        route(
            "agents.create",
            Method::POST,
            "/api/v1/agents",
            json!({"name": "eve", "scopes": ["*.*"]}),
        ),
        route("agents.update", Method::PATCH, "/api/v1/agents/mayor", all),
        route(
            "tokens.rotate",
            Method::POST,
            "/api/v1/agents/mayor/tokens/rotate",
            json!({}),
        ),
        route(
            "agents.restore",
            Method::POST,
            "/api/v1/agents/old/restore",
            json!({}),
        ),
    ]
}

/// A plane on which every route above has something to change.
async fn household() -> Api {
    let api = Api::new().await;
    let set = json!({"password": PASSWORD});
    let path = format!("{OWN}/password");
    api.call(Method::PUT, &path, Some(set)).await.is(200);
    api.post(DEVICES, json!({"name": "laptop"})).await.is(201);
    api.agent("mayor").await;
    api.agent("old").await;
    let archive = "/api/v1/agents/old/archive";
    api.call(Method::POST, archive, None).await.is(200);
    api
}

async fn narrowed(api: &Api, owner: &str, scope: &str) -> String {
    token(&api.exchange(owner, Some(scope)).await.is(200))
}

#[tokio::test]
async fn a_narrowed_access_token_makes_nothing_that_holds_more() {
    let api = household().await;
    for route in of_sign_in().into_iter().chain(of_tokens()) {
        let narrow = narrowed(&api, &api.operator, route.scope).await;
        let (path, body) = (&route.path, Some(route.body));
        let refused = api.call_as(&narrow, route.method, path, body).await.is(403);
        assert_eq!(refused.code(), "insufficient_scope", "{path}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains("so it cannot hand it on"),
            "{path}: {detail}"
        );
        let header = refused.header("www-authenticate");
        assert!(header.contains("insufficient_scope"), "{path}: {header}");
        let signs_in = api.sign_in_with(&narrow).await.is(403);
        assert_eq!(signs_in.code(), "operators_only");
    }
    // Nothing of it happened.
    let devices = api.get(DEVICES).await.json();
    assert_eq!(devices["items"].as_array().unwrap().len(), 1);
    let home = "203.0.113.7";
    api.try_password("operator", PASSWORD, home).await.is(201);
}

#[tokio::test]
async fn an_access_token_that_holds_all_makes_nothing_that_signs_in_after_its_end() {
    let api = household().await;
    let whole = token(&api.exchange(&api.operator, None).await.is(200));
    for Route {
        method, path, body, ..
    } in of_sign_in()
    {
        let refused = api.call_as(&whole, method, &path, Some(body)).await.is(403);
        assert_eq!(refused.code(), "outlives_credential", "{path}");
        assert!(refused.json()["fix"].as_str().unwrap().contains("sign in"));
    }
    // With what is the operator whole, they work.
    for Route {
        method, path, body, ..
    } in of_sign_in()
    {
        let made = api.call(method, &path, Some(body)).await;
        assert!(made.status.is_success(), "{path}: {}", made.text);
    }
    let again = json!({"password": PASSWORD});
    let path = format!("{OWN}/password");
    let session = cookie(&api.sign_in_with(&api.operator).await.is(201));
    let own = api
        .change_in(&session, Method::PUT, &path, Some(again))
        .await;
    assert_eq!(own.is(400).code(), "current_password_needed");
    assert!(!api.get(SESSIONS).await.json()["items"].is_null());
}

#[tokio::test]
async fn an_access_token_removes_the_own_password_only_with_it() {
    let api = household().await;
    let narrow = narrowed(&api, &api.operator, "passwords.remove").await;
    let path = format!("{OWN}/password/remove");
    let remove = |body: Value| api.call_as(&narrow, Method::POST, &path, Some(body));
    let refused = remove(json!({})).await.is(400);
    assert_eq!(refused.code(), "current_password_needed");
    remove(json!({"current_password": PASSWORD})).await.is(200);
}

#[tokio::test]
async fn nobody_ends_a_presented_token_of_an_operator_who_holds_more() {
    let api = Api::new().await;
    let body = json!({"name": "warden", "scopes": ["self.*", "tokens.revoke", "agents.*"]});
    let warden = api.post("/api/v1/operators", body).await.is(201).json();
    let warden = warden["token"].as_str().unwrap();
    let boss = api.person("boss", "admin").await;
    let access = token(&api.exchange(&boss, None).await.is(200));
    let narrow = narrowed(&api, &boss, "self.show").await;
    let end = async |by: &str, text: &str| {
        let body = json!({"token": text});
        api.oauth("/api/v1/token/revoke", by, body).await
    };
    for text in [&access, &narrow, &boss] {
        let refused = end(warden, text).await.is(403).json();
        assert_eq!(refused["error"], "access_denied");
        let why = refused["error_description"].as_str().unwrap();
        assert!(why.contains("holds more"), "{why}");
        api.whoami(text).await.is(200);
    }
    // Of agents, and their own, they end what they may; and who holds as much ends the boss's.
    let mayor = api.agent("mayor").await;
    let agents = token(&api.exchange(&mayor, None).await.is(200));
    end(warden, &agents).await.is(200);
    api.whoami(&agents).await.is(401);
    end(&narrow, &narrow).await.is(200);
    api.whoami(&narrow).await.is(401);
    end(&api.operator, &access).await.is(200);
    api.whoami(&access).await.is(401);
}
