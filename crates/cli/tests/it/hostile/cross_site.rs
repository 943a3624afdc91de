//! Pages of other sites that make an operator's browser ask, over a real socket: posts, looks and WebSockets with the
//! operator's own cookie. Every header of theirs by itself is tried in `crates/http/tests/it/browsers.rs`.

use crate::plane::{Answer, Plane, request};
use serde_json::Value;

/// What an operator's browser keeps after a sign-in.
fn signed_in(plane: &Plane) -> String {
    let answer = plane.ask(&plane.operator, "POST", "/api/v1/sessions", None);
    assert_eq!(answer.status, 201, "{answer:?}");
    let lines = answer.head.lines();
    let mut cookies = lines.filter_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookies.next().expect("a cookie");
    for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

fn ask(plane: &Plane, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let body = (method == "POST").then_some("{\"name\":\"planted\"}");
    request(&plane.url, method, path, headers, body)
}

#[test]
fn a_page_of_another_site_changes_nothing_and_reads_nothing() {
    let plane = Plane::start();
    let cookie = signed_in(&plane);
    let own = plane.url.clone();
    let cookie = ("cookie", cookie.as_str());
    for from in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for (method, path) in [
            ("POST", "/api/v1/agents"),
            ("GET", "/api/v1/agents"),
            ("GET", "/metrics"),
        ] {
            let refused = ask(&plane, method, path, &[cookie, from]);
            assert_eq!(refused.status, 403, "{from:?} {method} {path}: {refused:?}");
            assert_eq!(refused.json()["code"], "cross_site", "{from:?}");
            let head = refused.head.to_ascii_lowercase();
            assert!(!head.contains("access-control-"), "{head}");
        }
        let preflight = [from, ("access-control-request-method", "POST")];
        let asked = ask(&plane, "OPTIONS", "/api/v1/agents", &preflight);
        assert_ne!(asked.status / 100, 2, "{asked:?}");
    }
    let unsure = ask(&plane, "POST", "/api/v1/agents", &[cookie]);
    assert_eq!(
        unsure.json()["code"],
        "cross_site",
        "a change shows where it comes from"
    );
    let listed = ask(&plane, "GET", "/api/v1/agents", &[cookie, ("origin", &own)]);
    assert_eq!(
        listed.json()["items"],
        Value::Array(Vec::new()),
        "{listed:?}"
    );
    let made = ask(
        &plane,
        "POST",
        "/api/v1/agents",
        &[cookie, ("origin", &own)],
    );
    assert_eq!(made.status, 201, "{made:?}");
}

#[test]
fn a_websocket_of_another_site_is_opened_nowhere() {
    let plane = Plane::start();
    let cookie = signed_in(&plane);
    for path in [
        "/v1/responses",
        "/v1/messages",
        "/api/v1/agents",
        "/api/v1/decisions",
        "/api",
    ] {
        let headers = [
            ("cookie", cookie.as_str()),
            ("origin", "https://evil.example"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let refused = ask(&plane, "GET", path, &headers);
        assert_ne!(refused.status, 101, "{path}: {refused:?}");
        let listed = refused.body.contains("\"items\"");
        assert!(!listed, "{path} answers another site: {refused:?}");
    }
}

#[test]
fn the_cookie_opens_no_model_door() {
    let plane = Plane::start();
    let cookie = signed_in(&plane);
    let own = plane.url.clone();
    let headers = [("cookie", cookie.as_str()), ("origin", &own)];
    let refused = request(&plane.url, "POST", "/v1/messages", &headers, Some("{}"));
    assert_eq!(refused.status, 401, "{refused:?}");
}
