//! P10 once, of every route that changes something: asked again under its key, also after a restart, it gets the first's
//! answer and leaves no second record. A route that is registered is here by itself and needs a case below.

use crate::api::{Answer, Api};
use http::Method;
use portunus_app::keys::ProviderSecret;
use portunus_app::keys::import_env::OfferedSecret;
use portunus_app::process::{BadConfiguration, BadFilter, Prepared, ProcessControl};
use portunus_app::process::{Reloaded, SettingChange};
use portunus_core::once::{Claim, Secrecy};
use portunus_core::provider_key::Protocol;
use portunus_http::{Access, route_facts};
use portunus_store::ReceiptStore;
use serde_json::{Value, json};
use std::sync::Arc;

/// A process whose log filter and configuration are never what they were.
struct Restless;

impl ProcessControl for Restless {
    fn log_filter(&self) -> String {
        "info".to_owned()
    }

    fn read_log_filter(&self, text: &str) -> Result<Prepared<String>, BadFilter> {
        Ok(Prepared {
            outcome: text.to_owned(),
            apply: Box::new(|| {}),
        })
    }

    fn read_configuration(&self) -> Result<Prepared<Reloaded>, BadConfiguration> {
        let changed = vec![SettingChange {
            name: "log.level",
            from: "info".to_owned(),
            to: "debug".to_owned(),
        }];
        Ok(Prepared {
            outcome: Reloaded {
                changed,
                needs_restart: Vec::new(),
            },
            apply: Box::new(|| {}),
        })
    }
}

fn offers() -> Vec<OfferedSecret> {
    vec![OfferedSecret {
        variable: "ANTHROPIC_API_KEY",
        protocol: Protocol::Anthropic,
        secret: ProviderSecret::parse("sk-offered").unwrap(),
    }]
}

/// What has no case: signing out ends the very session that would ask again; acknowledgements happen once by
/// themselves; a notification is an agent's, and has its test below; and a heartbeat, which is an agent's too, changes nothing
/// but memory.
const APART: [(&str, &str); 5] = [
    ("DELETE", "/api/v1/sessions/current"),
    ("POST", "/api/v1/heartbeat"),
    ("POST", "/api/v1/inbox/ack"),
    ("POST", "/api/v1/push/ack"),
    ("POST", "/api/v1/notifications"),
];

/// What a route is asked for, on a plane on which there is something to change.
struct Case {
    path: String,
    body: Option<Value>,
}

fn case(path: impl Into<String>, body: Option<Value>) -> Case {
    let path = format!("/api/v1/{}", path.into());
    Case { path, body }
}

async fn kid(api: &Api) -> String {
    let created = api.post("/api/v1/agents", json!({"name": "mayor"}));
    let created = created.await.is(201).json();
    created["kid"].as_str().unwrap().to_owned()
}

async fn operator(api: &Api) {
    let body = json!({"name": "ann", "role": "viewer"});
    api.post("/api/v1/operators", body).await.is(201);
}

/// By its id: the name is gone once it is unpaired.
async fn device(api: &Api) -> String {
    let paired = api.post("/api/v1/devices", json!({"name": "laptop"}));
    let paired = paired.await.is(201).json();
    format!("devices/{}", paired["device"]["id"].as_str().unwrap())
}

async fn board(api: &Api) {
    let body = json!({"name": "diary"});
    api.post("/api/v1/boards", body).await.is(201);
}

async fn of_boards(api: &Api, method: &Method, path: &str) -> Option<Case> {
    if path != "boards" {
        board(api).await;
    }
    Some(match (method.as_str(), path) {
        ("POST", "boards") => case("boards", Some(json!({"name": "diary"}))),
        ("PATCH", "boards/{board}") => case("boards/diary", Some(json!({"is_chat": true}))),
        ("DELETE", "boards/{board}") => case("boards/diary", None),
        ("POST", "boards/{board}/messages") => {
            case("boards/diary/messages", Some(json!({"text": "hello"})))
        }
        _ => return None,
    })
}

/// An agent notifies; the path of its notification.
async fn notification(api: &Api) -> String {
    let mayor = api.agent("mayor").await;
    let body = Some(json!({"title": "look"}));
    let path = "/api/v1/notifications";
    let sent = api.call_as(&mayor, Method::POST, path, body).await;
    let sent = sent.is(201).json();
    format!("notifications/{}", sent["id"].as_str().unwrap())
}

async fn budget(api: &Api) -> String {
    let body = json!({"scope": "every_agent", "measure": "money", "window": "day", "limit": 5});
    let set = api.post("/api/v1/budgets", body).await.is(201).json();
    format!("budgets/{}", set["id"].as_str().unwrap())
}

/// The case of a route; there must be one for each.
async fn of_route(api: &Api, method: &Method, path: &str) -> Option<Case> {
    let path = path.strip_prefix("/api/v1/")?;
    Some(match (method.as_str(), path) {
        ("POST", "agents") => case("agents", Some(json!({"name": "mayor"}))),
        (_, agent) if agent.starts_with("agents/") => return of_agent(api, method, agent).await,
        ("POST", "signing/rotate") => case("signing/rotate", None),
        ("POST", "operators") => case("operators", Some(json!({"name": "ann"}))),
        ("PATCH", "operators/{operator}") => {
            operator(api).await;
            case("operators/ann", Some(json!({"role": "operator"})))
        }
        ("DELETE", "operators/{operator}") => {
            operator(api).await;
            case("operators/ann", None)
        }
        ("POST", "operators/{operator}/tokens/rotate") => {
            operator(api).await;
            case("operators/ann/tokens/rotate", None)
        }
        ("PUT", "operators/{operator}/password") => {
            operator(api).await;
            let body = json!({"password": "correct horse battery staple"});
            case("operators/ann/password", Some(body))
        }
        ("POST", "operators/{operator}/password/remove") => {
            operator(api).await;
            let body = Some(json!({"password": "correct horse battery staple"}));
            let set = api.call(Method::PUT, "/api/v1/operators/ann/password", body);
            set.await.is(200);
            case("operators/ann/password/remove", None)
        }
        ("DELETE", "sessions/{session}") => {
            let begun = api.post("/api/v1/sessions", json!({})).await.is(201).json();
            let kid = begun["kid"].as_str().unwrap();
            case(format!("sessions/{kid}"), None)
        }
        ("POST", "devices") => case("devices", Some(json!({"name": "laptop"}))),
        ("POST", "devices/{device}/rotate") => {
            device(api).await;
            case("devices/laptop/rotate", None)
        }
        ("DELETE", "devices/{device}") => case(device(api).await, None),
        ("POST", "tokens/{kid}/revoke") => case(format!("tokens/{}/revoke", kid(api).await), None),
        ("POST", "pools") => case(
            "pools",
            Some(json!({"name": "spare", "protocol": "anthropic"})),
        ),
        ("PATCH", "pools/{pool}") => case("pools/anthropic", Some(json!({"max_wait_ms": 7}))),
        ("POST", "keys/import-env") => case("keys/import-env", None),
        (_, keys) if keys.starts_with("keys") => return of_keys(api, method, keys).await,
        (_, boards) if boards.starts_with("boards") => return of_boards(api, method, boards).await,
        ("POST", "budgets") => {
            let body =
                json!({"scope": "every_agent", "measure": "requests", "window": "day", "limit": 5});
            case("budgets", Some(body))
        }
        ("PATCH", "budgets/{budget}") => case(budget(api).await, Some(json!({"limit": 9}))),
        ("DELETE", "budgets/{budget}") => case(budget(api).await, None),
        ("POST", "alarms/{alarm}/acknowledge") => {
            for _ in 0..10 {
                let failed = api.look_from("203.0.113.7", "ptna_wrong", "/api/v1/whoami");
                failed.await.is(401);
            }
            let open = api.get("/api/v1/alarms?state=open").await.is(200).json();
            let id = open["items"][0]["id"].as_str().unwrap();
            case(format!("alarms/{id}/acknowledge"), None)
        }
        ("POST", "notifications/read") => {
            notification(api).await;
            case("notifications/read", None)
        }
        ("POST", "notifications/{notification}/read") => {
            case(format!("{}/read", notification(api).await), None)
        }
        ("POST", "import") => {
            let agent = json!({"kind": "agent", "name": "mayor", "token_sha256": "5a".repeat(32)});
            case("import", Some(json!({"lines": [agent]})))
        }
        ("POST", "reload") => case("reload", None),
        ("PUT", "log-level") => case("log-level", Some(json!({"filter": "debug"}))),
        ("POST", "sources/{source}/clear") => {
            let failed = api.look_from("203.0.113.7", "ptna_wrong", "/api/v1/whoami");
            failed.await.is(401);
            case("sources/203.0.113.7/clear", None)
        }
        _ => return None,
    })
}

async fn of_agent(api: &Api, method: &Method, path: &str) -> Option<Case> {
    api.agent("mayor").await;
    let at = |end: &str| case(format!("agents/mayor{end}"), None);
    Some(
        match (method.as_str(), path.strip_prefix("agents/{agent}")?) {
            ("PATCH", "") => case("agents/mayor", Some(json!({"display_name": "The Mayor"}))),
            ("DELETE", "") => at(""),
            ("POST", "/messages") => case("agents/mayor/messages", Some(json!({"text": "hello"}))),
            ("POST", end @ ("/tokens/rotate" | "/access/revoke" | "/pause" | "/archive")) => {
                at(end)
            }
            ("POST", end @ ("/resume" | "/restore")) => {
                let before = if end == "/resume" { "pause" } else { "archive" };
                let before = format!("/api/v1/agents/mayor/{before}");
                api.call(Method::POST, &before, None).await.is(200);
                at(end)
            }
            _ => return None,
        },
    )
}

async fn of_keys(api: &Api, method: &Method, path: &str) -> Option<Case> {
    let new = json!({"pool": "anthropic", "label": "c", "secret": "sk-c"});
    api.key("a").await;
    api.key("b").await;
    Some(match (method.as_str(), path) {
        ("POST", "keys") => case("keys", Some(new)),
        ("POST", "keys/batch") => case("keys/batch", Some(json!({"keys": [new]}))),
        ("PATCH", "keys/{key}") => case("keys/anthropic:a", Some(json!({"priority": 7}))),
        ("DELETE", "keys/{key}") => case("keys/anthropic:a", None),
        ("POST", "keys/{key}/disable") => case("keys/anthropic:a/disable", None),
        ("POST", "keys/{key}/enable") => {
            let disabled = api.post("/api/v1/keys/anthropic:a/disable", json!({}));
            disabled.await.is(200);
            case("keys/anthropic:a/enable", None)
        }
        ("POST", "keys/{key}/clear") => case("keys/anthropic:a/clear", None),
        _ => return None,
    })
}

async fn recorded(api: &Api) -> u64 {
    let log = api.get("/api/v1/audit?limit=1").await.is(200).json();
    log["items"][0]["seq"].as_u64().unwrap()
}

async fn asked(api: &Api, method: &Method, case: &Case) -> Answer {
    let route = (method.clone(), case.path.as_str());
    api.keyed_as(&api.operator, &["\"once\""], route, case.body.clone())
        .await
}

#[tokio::test]
async fn p10_every_change_happens_once_also_after_a_restart() {
    let routes = route_facts(Arc::clone(&Api::new().await.plane));
    let changes = routes
        .iter()
        .filter(|route| !route.method.is_safe() && matches!(route.access, Access::Guarded(_)))
        .filter(|route| !APART.contains(&(route.method.as_str(), route.path.as_str())));
    let mut seen = 0;
    for route in changes {
        let named = format!("{} {}", route.method, route.path);
        let api = Api::offering(offers()).await;
        api.plane.steered_by(Arc::new(Restless));
        let case = of_route(&api, &route.method, &route.path).await;
        let case = case.unwrap_or_else(|| panic!("{named} needs a case in of_route"));
        let first = asked(&api, &route.method, &case).await;
        assert!(first.status.is_success(), "{named}: {first:?}");
        assert_eq!(first.header("idempotency-replayed"), "", "{named}");
        let records = recorded(&api).await;
        is_kept_with_its_change(&api, &named, &first).await;
        let restarted = api.beside(offers()).await;
        restarted.plane.steered_by(Arc::new(Restless));
        for plane in [&api, &restarted] {
            let again = asked(plane, &route.method, &case).await;
            assert_eq!(again.header("idempotency-replayed"), "true", "{named}");
            let told = (again.status, &again.text);
            assert_eq!(told, (first.status, &first.text), "{named}");
            assert_eq!(recorded(plane).await, records, "{named} happened twice");
        }
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

/// The receipt tells of the change, which only the change's own transaction can write. What it keeps is sealed, and is
/// dropped early when it shows a token.
async fn is_kept_with_its_change(api: &Api, named: &str, answer: &Answer) {
    let claim = Claim {
        by: api.principal().await,
        route: named.to_owned(),
        key: "once".parse().unwrap(),
    };
    let receipt = api.store.receipt(&claim).await.unwrap();
    let receipt = receipt.unwrap_or_else(|| panic!("{named} leaves no receipt"));
    assert!(receipt.done.is_some(), "{named}: use Asked::sign");
    let sealed = receipt.answer.unwrap();
    let sealed = String::from_utf8_lossy(&sealed);
    assert!(!sealed.contains(&answer.text[..8]), "{named}");
    let shows_a_secret = ["ptna_", "ptno_", "ptnd_"]
        .iter()
        .any(|head| answer.text.contains(head));
    let secrecy = match shows_a_secret {
        true => Secrecy::Secret,
        false => Secrecy::Plain,
    };
    assert_eq!(receipt.secrecy, secrecy, "{named}: use answer_with_secret");
}

#[tokio::test]
async fn p10_a_notification_is_sent_once_also_after_a_restart() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let route = || (Method::POST, "/api/v1/notifications");
    let body = || Some(json!({"title": "look"}));
    let first = api.keyed_as(&mayor, &["k"], route(), body()).await.is(201);
    let restarted = api.beside(Vec::new()).await;
    for plane in [&api, &restarted] {
        let again = plane.keyed_as(&mayor, &["k"], route(), body());
        let again = again.await.is(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.text, first.text);
        let all = plane.get("/api/v1/notifications").await.is(200).json();
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn p10_a_heartbeat_that_is_asked_again_is_the_same() {
    let api = Api::new().await;
    let mayor = api.agent("mayor").await;
    let route = || (Method::POST, "/api/v1/heartbeat");
    let first = api.keyed_as(&mayor, &["k"], route(), None).await.is(200);
    let again = api.keyed_as(&mayor, &["k"], route(), None).await.is(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.text, first.text);
}
