//! P12: while the audit log takes no record, no route changes anything. Each route that is registered must be here.

mod stage;

use crate::p12_the_record_holds::edit;
use crate::plane::{Plane, request};
use serde_json::{Value, json};
use stage::{GUESSER, Stage, configured, text};
use std::collections::BTreeSet;
use std::fs;

const BASE: &str = "/api/v1";

/// What becomes of a request while nothing can be recorded.
#[derive(Clone, Copy)]
enum Fate {
    /// It is refused, because the log is broken.
    Refused,
    /// An agent's token of another system is not taken over yet, and works later.
    Waits,
    /// It changes nothing that is recorded, or what it changes is its own record.
    GoesOn(u16),
}

/// Who asks.
#[derive(Clone, Copy)]
enum By {
    Operator,
    Agent,
    Session,
}

/// A request: the route as it is registered, what is asked of it, and by whom.
struct Try {
    route: &'static str,
    path: String,
    body: Value,
    by: By,
    fate: Fate,
}

/// A change that an operator asks for.
fn change(route: &'static str, path: impl Into<String>, body: Value) -> Try {
    Try {
        route,
        path: path.into(),
        body,
        by: By::Operator,
        fate: Fate::Refused,
    }
}

/// What an agent goes on doing.
fn own(route: &'static str, path: &str, body: Value, status: u16) -> Try {
    Try {
        by: By::Agent,
        fate: Fate::GoesOn(status),
        ..change(route, path, body)
    }
}

/// What shows the plane as operators have made it.
const SHOWN: [&str; 12] = [
    "/agents",
    "/agents/retired",
    "/boards",
    "/devices",
    "/tokens",
    "/operators",
    "/pools",
    "/keys",
    "/budgets",
    "/signing",
    "/sources",
    "/log-level",
];

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
fn tries(stage: &Stage) -> Vec<Try> {
    let plane = &stage.plane;
    let tokens = plane
        .ask(&plane.operator, "GET", "/api/v1/tokens", None)
        .json();
    let mut tokens = tokens["items"].as_array().unwrap().iter();
    let kid = tokens.find(|token| token["principal"]["name"] == "mayor");
    let kid = text(&kid.unwrap()["kid"]);
    let (budget, alarm) = (first(plane, "/budgets"), first(plane, "/alarms"));
    let sessions = plane.ask(&plane.operator, "GET", "/api/v1/sessions", None);
    let session = text(&sessions.json()["items"][0]["kid"]);
    let nothing = || json!({});
    let mut tries = vec![
        change("POST /agents", "/agents", json!({"name": "helper"})),
        change("POST /boards", "/boards", json!({"name": "diary"})),
        change(
            "POST /import",
            "/import",
            json!({"lines": [{"kind": "agent", "name": "heir", "token_sha256": "5a".repeat(32)}]}),
        ),
        change(
            "POST /agents/{agent}/tokens/rotate",
            "/agents/mayor/tokens/rotate",
            nothing(),
        ),
        change("DELETE /agents/{agent}", "/agents/mayor", Value::Null),
        change(
            "POST /agents/{agent}/access/revoke",
            "/agents/clerk/access/revoke",
            nothing(),
        ),
        change("PUT /log-level", "/log-level", json!({"filter": "debug"})),
        change("POST /reload", "/reload", nothing()),
        change("POST /operators", "/operators", json!({"name": "third"})),
        change(
            "POST /operators/{operator}/tokens/rotate",
            "/operators/second/tokens/rotate",
            nothing(),
        ),
        change(
            "PATCH /operators/{operator}",
            "/operators/second",
            json!({"scopes": ["agents.list"]}),
        ),
        change(
            "DELETE /operators/{operator}",
            "/operators/second",
            Value::Null,
        ),
        change(
            "POST /operators/{operator}/password/remove",
            "/operators/second/password/remove",
            nothing(),
        ),
        change(
            "POST /token/revoke",
            "/token/revoke",
            json!({"token": stage.access}),
        ),
        change("POST /signing/rotate", "/signing/rotate", nothing()),
        change(
            "POST /alarms/{alarm}/acknowledge",
            format!("/alarms/{alarm}/acknowledge"),
            nothing(),
        ),
        change(
            "POST /sources/{source}/clear",
            format!("/sources/{GUESSER}/clear"),
            nothing(),
        ),
        change(
            "DELETE /budgets/{budget}",
            format!("/budgets/{budget}"),
            Value::Null,
        ),
        change(
            "POST /budgets",
            "/budgets",
            json!({"scope": "every_agent", "measure": "requests", "window": "day", "limit": 3}),
        ),
        change(
            "PATCH /budgets/{budget}",
            format!("/budgets/{budget}"),
            json!({"limit": 3}),
        ),
        change("DELETE /keys/{key}", "/keys/anthropic:a", Value::Null),
        change(
            "POST /keys",
            "/keys",
            json!({"pool": "anthropic", "label": "c", "secret": "sk-ant-c"}),
        ),
        change(
            "POST /keys/batch",
            "/keys/batch",
            json!({"keys": [{"pool": "anthropic", "label": "c", "secret": "sk-ant-c"}]}),
        ),
        change(
            "POST /keys/{key}/enable",
            "/keys/anthropic:b/enable",
            nothing(),
        ),
        change(
            "POST /keys/{key}/disable",
            "/keys/anthropic:a/disable",
            nothing(),
        ),
        change(
            "PATCH /keys/{key}",
            "/keys/anthropic:a",
            json!({"priority": 7}),
        ),
        change(
            "POST /keys/{key}/clear",
            "/keys/anthropic:a/clear",
            nothing(),
        ),
        change(
            "POST /tokens/{kid}/revoke",
            format!("/tokens/{kid}/revoke"),
            nothing(),
        ),
        change(
            "POST /pools",
            "/pools",
            json!({"name": "mine", "protocol": "openai"}),
        ),
        change(
            "PATCH /pools/{pool}",
            "/pools/openai",
            json!({"max_wait_ms": 7}),
        ),
        change(
            "PATCH /boards/{board}",
            "/boards/notes",
            json!({"description": "new"}),
        ),
        change("DELETE /boards/{board}", "/boards/notes", Value::Null),
        change(
            "PATCH /agents/{agent}",
            "/agents/clerk",
            json!({"display_name": "New"}),
        ),
        change(
            "POST /agents/{agent}/archive",
            "/agents/clerk/archive",
            nothing(),
        ),
        change(
            "POST /agents/{agent}/restore",
            "/agents/retired/restore",
            nothing(),
        ),
        change(
            "POST /agents/{agent}/pause",
            "/agents/clerk/pause",
            nothing(),
        ),
        change(
            "POST /agents/{agent}/resume",
            "/agents/resting/resume",
            nothing(),
        ),
        change("POST /devices", "/devices", json!({"name": "tablet"})),
        change(
            "POST /devices/{device}/rotate",
            "/devices/laptop/rotate",
            nothing(),
        ),
        change("DELETE /devices/{device}", "/devices/laptop", Value::Null),
        change("POST /sessions", "/sessions", nothing()),
        change(
            "DELETE /sessions/{session}",
            format!("/sessions/{session}"),
            Value::Null,
        ),
        change(
            "PUT /operators/{operator}/password",
            "/operators/second/password",
            json!({"password": "a long canary phrase"}),
        ),
    ];
    tries.push(Try {
        by: By::Session,
        ..change("DELETE /sessions/current", "/sessions/current", Value::Null)
    });
    tries.push(Try {
        fate: Fate::Waits,
        ..change(
            "POST /token/upgrade",
            "/token/upgrade",
            json!({"agent": "stranger", "token": "legacy"}),
        )
    });
    tries.extend(own_business(stage));
    tries
}

/// Agents exchange, renew, beat, write to each other and notify while nothing can be changed, and operators read it.
fn own_business(stage: &Stage) -> Vec<Try> {
    let note = || json!({"text": "a note"});
    let grant = json!({"grant_type": "client_credentials"});
    vec![
        own("POST /token", "/token", grant, 200),
        own(
            "POST /token/introspect",
            "/token/introspect",
            json!({"token": stage.access}),
            200,
        ),
        own(
            "POST /heartbeat",
            "/heartbeat",
            json!({"note": "busy"}),
            200,
        ),
        own(
            "POST /agents/{agent}/messages",
            "/agents/mayor/messages",
            note(),
            201,
        ),
        own(
            "POST /boards/{board}/messages",
            "/boards/notes/messages",
            note(),
            201,
        ),
        own(
            "POST /inbox/ack",
            "/inbox/ack",
            json!({"messages": [stage.taken]}),
            200,
        ),
        // What came over a connection is known to memory alone.
        own(
            "POST /push/ack",
            "/push/ack",
            json!({"connection": "con_0000000000000000000000", "seq": 1}),
            404,
        ),
        own(
            "POST /notifications",
            "/notifications",
            json!({"title": "look"}),
            201,
        ),
        Try {
            by: By::Operator,
            ..own(
                "POST /notifications/read",
                "/notifications/read",
                Value::Null,
                200,
            )
        },
        Try {
            by: By::Operator,
            ..own(
                "POST /notifications/{notification}/read",
                &format!("/notifications/{}/read", stage.noticed),
                Value::Null,
                200,
            )
        },
    ]
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
    let stage = Stage::furnished();
    let (plane, tries) = (&stage.plane, tries(&stage));
    let full = |one: &Try| one.route.replacen(' ', &format!(" {BASE}"), 1);
    let mut met: BTreeSet<String> = tries.iter().map(full).collect();
    met.insert("POST /api/v1/keys/import-env".to_owned());
    let unmet: Vec<_> = registered(plane).difference(&met).cloned().collect();
    assert!(
        unmet.is_empty(),
        "say what these do while nothing can be recorded: {unmet:?}"
    );

    let before = shown(plane);
    fs::write(plane.path("portunus.toml"), configured("debug")).unwrap();
    let last = "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)";
    edit(&plane.path("data/portunus.db"), last);
    let goes_on = |one: &&Try| matches!(one.fate, Fate::GoesOn(_));
    let (going_on, refused): (Vec<_>, Vec<_>) = tries.iter().partition(goes_on);
    for one in refused {
        is_refused(&stage, one);
    }
    for (before, after) in before.iter().zip(shown(plane)) {
        assert_eq!(*before, after);
    }
    assert!(plane.accepts(&stage.access), "and nobody is thrown out");
    let headers = [("cookie", stage.cookie.as_str())];
    let look = request(&plane.url, "GET", "/api/v1/whoami", &headers, None);
    assert_eq!(look.status, 200, "{look:?}");
    for one in going_on {
        let answer = stage.ask(one);
        let Fate::GoesOn(status) = one.fate else {
            continue;
        };
        assert_eq!(answer.status, status, "{}: {answer:?}", one.route);
    }
    let found = plane.run("audit verify --data-dir data");
    assert!(found.err.contains("was dropped"), "{found:?}");
}

fn is_refused(stage: &Stage, one: &Try) {
    let answer = stage.ask(one);
    let route = one.route;
    assert_eq!(answer.status, 503, "{route}: {answer:?}");
    let problem = answer.json();
    let code = match one.fate {
        Fate::Waits => "store_unavailable",
        _ => "audit_log_broken",
    };
    let is_told = problem["code"] == code || problem["error"] == "temporarily_unavailable";
    assert!(is_told, "{route}: {problem}");
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
