//! P12: while the audit log takes no record, no route changes anything. Each route that is registered must be here.

use crate::p12_the_record_holds::edit;
use crate::plane::{Plane, request};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

const BASE: &str = "/api/v1";

/// Routes that change nothing that is recorded, and why.
const NO_CHANGES: [(&str, &str); 2] = [
    (
        "POST /api/v1/token",
        "agents exchange and renew while nothing can be changed",
    ),
    ("POST /api/v1/token/introspect", "only a look"),
];

/// What agents tell each other is its own record, and so is what became of it.
const OWN_RECORD: [&str; 3] = [
    "POST /api/v1/agents/{agent}/messages",
    "POST /api/v1/boards/{board}/messages",
    "POST /api/v1/inbox/ack",
];

/// Routes that are not tried here yet. The list may only shrink.
const UNTRIED: [&str; 16] = [
    "DELETE /api/v1/boards/{board}",
    "PATCH /api/v1/boards/{board}",
    "POST /api/v1/token/upgrade",
    "DELETE /api/v1/devices/{device}",
    "DELETE /api/v1/sessions/current",
    "DELETE /api/v1/sessions/{session}",
    "PATCH /api/v1/agents/{agent}",
    "POST /api/v1/agents/{agent}/archive",
    "POST /api/v1/agents/{agent}/pause",
    "POST /api/v1/agents/{agent}/restore",
    "POST /api/v1/agents/{agent}/resume",
    "POST /api/v1/devices",
    "POST /api/v1/devices/{device}/rotate",
    "POST /api/v1/heartbeat",
    "POST /api/v1/sessions",
    "PUT /api/v1/operators/{operator}/password",
];

/// What shows the plane as operators have made it.
const SHOWN: [&str; 9] = [
    "/agents",
    "/tokens",
    "/operators",
    "/pools",
    "/keys",
    "/budgets",
    "/signing",
    "/sources",
    "/log-level",
];

/// A plane with one of everything.
fn furnished() -> (Plane, String) {
    let text = "[log]\nlevel = \"info\"\n";
    let plane = Plane::start_configured(text);
    plane.create_agent("mayor");
    let token = plane.create_agent("clerk");
    plane.run("operators create second").well();
    // Few changes of keys: an operator has ten a minute.
    let add = "keys add --pool anthropic --base-url http://127.0.0.1:9 --from -";
    plane
        .run_with(add, "a sk-ant-a\nb sk-ant-b\nd sk-ant-d\n")
        .well();
    plane.run("keys disable anthropic:b").well();
    plane
        .run("budgets set --agent mayor --requests 5 --total")
        .well();
    for _ in 0..10 {
        let wrong = [("authorization", "Bearer ptna_wrong")];
        let refused = request(&plane.url, "GET", "/api/v1/whoami", &wrong, None);
        assert_eq!(refused.status, 401);
    }
    let form = json!({"grant_type": "client_credentials"});
    let access = plane
        .ask(&token, "POST", "/api/v1/token", Some(&form))
        .json();
    // What is still written behind is in the log before it breaks.
    plane.run("alarms list").well();
    std::thread::sleep(std::time::Duration::from_millis(300));
    (plane, access["access_token"].as_str().unwrap().to_owned())
}

fn first(plane: &Plane, list: &str) -> String {
    let list = plane
        .ask(&plane.operator, "GET", &format!("{BASE}{list}"), None)
        .json();
    list["items"][0]["id"].as_str().unwrap().to_owned()
}

fn shown(plane: &Plane) -> Vec<Value> {
    let show = |path: &&str| {
        let answer = plane.ask(&plane.operator, "GET", &format!("{BASE}{path}"), None);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let mut json = answer.json();
        // When agents were seen goes by a clock that nobody sets, and is off by a moment from look to look.
        for item in json["items"].as_array_mut().into_iter().flatten() {
            item.as_object_mut().unwrap().remove("last_seen_at");
        }
        json
    };
    SHOWN.iter().map(show).collect()
}

/// Every route that may change something: as it is registered, and a request that would.
fn changes(plane: &Plane, access: &str) -> Vec<(&'static str, String, Value)> {
    let tokens = plane
        .ask(&plane.operator, "GET", "/api/v1/tokens", None)
        .json();
    let tokens = tokens["items"].as_array().unwrap().iter();
    let kid = tokens
        .clone()
        .find(|token| token["principal"]["name"] == "mayor")
        .map(|token| token["kid"].as_str().unwrap().to_owned());
    let kid = kid.unwrap();
    let (budget, alarm) = (first(plane, "/budgets"), first(plane, "/alarms"));
    let nothing = || json!({});
    [
        (
            "POST /agents",
            "/agents".to_owned(),
            json!({"name": "helper"}),
        ),
        (
            "POST /boards",
            "/boards".to_owned(),
            json!({"name": "diary"}),
        ),
        (
            "POST /import",
            "/import".to_owned(),
            json!({"lines": [{"kind": "agent", "name": "heir", "token_sha256": "5a".repeat(32)}]}),
        ),
        (
            "POST /agents/{agent}/tokens/rotate",
            "/agents/mayor/tokens/rotate".to_owned(),
            nothing(),
        ),
        (
            "DELETE /agents/{agent}",
            "/agents/mayor".to_owned(),
            Value::Null,
        ),
        (
            "POST /agents/{agent}/access/revoke",
            "/agents/clerk/access/revoke".to_owned(),
            nothing(),
        ),
        (
            "PUT /log-level",
            "/log-level".to_owned(),
            json!({"filter": "debug"}),
        ),
        ("POST /reload", "/reload".to_owned(), nothing()),
        (
            "POST /operators",
            "/operators".to_owned(),
            json!({"name": "third"}),
        ),
        (
            "POST /operators/{operator}/tokens/rotate",
            "/operators/second/tokens/rotate".to_owned(),
            nothing(),
        ),
        (
            "PATCH /operators/{operator}",
            "/operators/second".to_owned(),
            json!({"scopes": ["agents.list"]}),
        ),
        (
            "DELETE /operators/{operator}",
            "/operators/second".to_owned(),
            Value::Null,
        ),
        (
            "POST /token/revoke",
            "/token/revoke".to_owned(),
            json!({"token": access}),
        ),
        (
            "POST /signing/rotate",
            "/signing/rotate".to_owned(),
            nothing(),
        ),
        (
            "POST /alarms/{alarm}/acknowledge",
            format!("/alarms/{alarm}/acknowledge"),
            nothing(),
        ),
        (
            "POST /sources/{source}/clear",
            "/sources/127.0.0.1/clear".to_owned(),
            nothing(),
        ),
        (
            "DELETE /budgets/{budget}",
            format!("/budgets/{budget}"),
            Value::Null,
        ),
        (
            "POST /budgets",
            "/budgets".to_owned(),
            json!({"scope": "every_agent", "measure": "requests", "window": "day", "limit": 3}),
        ),
        (
            "PATCH /budgets/{budget}",
            format!("/budgets/{budget}"),
            json!({"limit": 3}),
        ),
        (
            "DELETE /keys/{key}",
            "/keys/anthropic:a".to_owned(),
            Value::Null,
        ),
        (
            "POST /keys",
            "/keys".to_owned(),
            json!({"pool": "anthropic", "label": "c", "secret": "sk-ant-c"}),
        ),
        (
            "POST /keys/batch",
            "/keys/batch".to_owned(),
            json!({"keys": [{"pool": "anthropic", "label": "c", "secret": "sk-ant-c"}]}),
        ),
        (
            "POST /keys/{key}/enable",
            "/keys/anthropic:b/enable".to_owned(),
            nothing(),
        ),
        (
            "POST /keys/{key}/disable",
            "/keys/anthropic:a/disable".to_owned(),
            nothing(),
        ),
        (
            "PATCH /keys/{key}",
            "/keys/anthropic:a".to_owned(),
            json!({"priority": 7}),
        ),
        (
            "POST /keys/{key}/clear",
            "/keys/anthropic:a/clear".to_owned(),
            nothing(),
        ),
        (
            "POST /tokens/{kid}/revoke",
            format!("/tokens/{kid}/revoke"),
            nothing(),
        ),
        (
            "POST /pools",
            "/pools".to_owned(),
            json!({"name": "mine", "protocol": "openai"}),
        ),
        (
            "PATCH /pools/{pool}",
            "/pools/openai".to_owned(),
            json!({"max_wait_ms": 7}),
        ),
    ]
    .into()
}

fn registered(plane: &Plane) -> BTreeSet<String> {
    let document = request(&plane.url, "GET", "/openapi.json", &[], None).json();
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if ["post", "put", "patch", "delete"].contains(&method.as_str()) {
                routes.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    routes
}

#[test]
fn p12_while_nothing_can_be_recorded_no_route_changes_anything() {
    let (plane, access) = furnished();
    let changes = changes(&plane, &access);
    let mut met: BTreeSet<String> = NO_CHANGES
        .iter()
        .map(|(route, _)| (*route).to_owned())
        .collect();
    met.insert("POST /api/v1/keys/import-env".to_owned());
    met.extend(UNTRIED.map(str::to_owned));
    met.extend(OWN_RECORD.map(str::to_owned));
    met.extend(
        changes
            .iter()
            .map(|(route, ..)| route.replacen(' ', &format!(" {BASE}"), 1)),
    );
    let unmet: Vec<_> = registered(&plane).difference(&met).cloned().collect();
    assert!(
        unmet.is_empty(),
        "say what these do while nothing can be recorded: {unmet:?}"
    );

    let before = shown(&plane);
    fs::write(plane.path("portunus.toml"), "[log]\nlevel = \"debug\"\n").unwrap();
    let last = "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)";
    edit(&plane.path("data/portunus.db"), last);
    for (route, path, body) in &changes {
        let (method, _) = route.split_once(' ').unwrap();
        let body = Some(body).filter(|body| !body.is_null());
        let answer = plane.ask(&plane.operator, method, &format!("{BASE}{path}"), body);
        assert_eq!(answer.status, 503, "{route}: {answer:?}");
        let problem = answer.json();
        let is_told =
            problem["code"] == "audit_log_broken" || problem["error"] == "temporarily_unavailable";
        assert!(is_told, "{route}: {problem}");
    }
    for (before, after) in before.iter().zip(shown(&plane)) {
        assert_eq!(*before, after);
    }
    assert!(plane.accepts(&access), "and nobody is thrown out");
    let found = plane.run("audit verify --data-dir data");
    assert!(found.err.contains("was dropped"), "{found:?}");
}

#[test]
fn p12_nothing_is_imported_without_a_record() {
    let plane = Plane::start_with(&[("ANTHROPIC_API_KEY", "sk-ant-offered")]);
    let last = "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)";
    edit(&plane.path("data/portunus.db"), last);
    let path = "/api/v1/keys/import-env";
    let refused = plane.ask(&plane.operator, "POST", path, Some(&json!({})));
    assert_eq!(refused.json()["code"], "audit_log_broken");
    let keys = plane.run("keys list --json").well().json();
    assert!(keys["items"].as_array().unwrap().is_empty());
}
