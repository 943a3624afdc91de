//! Text that wants to be more than text: line breaks, terminal sequences and made-up log fields in every place that is
//! logged or shown. A line of the log stays one line of JSON that the plane wrote, and a terminal is not steered.

use super::say;
use crate::plane::{Plane, request};
use portunus_testkit::FakeProvider;
use serde_json::{Value, json};

/// A made-up line of the log, and what makes terminals obey: escape, its 8-bit form, bell.
const EVIL: &str = "x\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}\n\u{1b}[2J\u{9b}31m\u{7}";

/// Sends it in every place that takes text, to both doors.
fn inject(plane: &Plane, agent: &str) {
    let key = ("x-api-key", agent);
    let body = |model: &str| {
        json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": EVIL}], "metadata": {"user_id": EVIL}}).to_string()
    };
    for model in [EVIL, "claude-sonnet-4-5"] {
        request(
            &plane.url,
            "POST",
            "/v1/messages",
            &[key],
            Some(&body(model)),
        );
        request(
            &plane.url,
            "POST",
            "/v1/chat/completions",
            &[key],
            Some(&body(model)),
        );
    }
    // What a head cannot carry as it is comes encoded, or as bytes above ASCII.
    let encoded =
        "/v1/models/%0d%0a%7b%22level%22:%22ERROR%22,%22message%22:%22forged%22%7d%1b%5b2J";
    request(&plane.url, "GET", encoded, &[key], None);
    let missed = encoded.replace("/v1/models", "/api/v1/agents");
    plane.ask(&plane.operator, "GET", &missed, None);
    for name in [
        "user-agent",
        "x-claude-code-session-id",
        "traceparent",
        "x-forwarded-for",
        "accept",
        "idempotency-key",
    ] {
        let odd = "a\u{9b}31m \"level\":\"ERROR\" forged=1 level=ERROR";
        request(
            &plane.url,
            "POST",
            "/v1/messages",
            &[key, (name, odd)],
            Some(&body("m")),
        );
        let text = format!(
            "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{name}: a\u{1b}[2Jb\r\n\r\n"
        );
        say(plane, &text);
    }
    say(
        plane,
        "GET /\u{1b}[2J\"level\":\"ERROR\" HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    for field in ["name", "display_name", "\n\u{1b}[2J"] {
        let agent = json!({"name": "clerk", field: EVIL});
        plane.ask(&plane.operator, "POST", "/api/v1/agents", Some(&agent));
    }
    let pool = json!({"name": EVIL, "protocol": "openai", "base_url": format!("https://{EVIL}")});
    plane.ask(&plane.operator, "POST", "/api/v1/pools", Some(&pool));
    let key = json!({"pool": "anthropic", "label": EVIL, "secret": EVIL});
    plane.ask(&plane.operator, "POST", "/api/v1/keys", Some(&key));
}

fn plane_with_a_provider(configuration: &str) -> (Plane, FakeProvider, String) {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start_configured(configuration);
    for pool in ["anthropic", "openai"] {
        plane.add_key(pool, "a", &format!("sk-{pool}"), &provider.base_url());
    }
    let agent = plane.create_agent("mayor");
    (plane, provider, agent)
}

fn is_tame(what: &str, text: &str) {
    for c in text.chars() {
        let allowed = c == '\n' || !c.is_control();
        assert!(allowed, "{what} has {c:?}:\n{text}");
    }
}

#[test]
fn every_line_of_the_log_is_one_that_the_plane_wrote() {
    let (plane, _provider, agent) = plane_with_a_provider("[log]\nlevel = \"debug\"\n");
    inject(&plane, &agent);
    let log = plane.log();
    is_tame("the log", &log);
    for line in log.lines() {
        let event: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no event: {line}"));
        assert!(event["timestamp"].is_string(), "{line}");
        assert_ne!(event["message"], "forged", "{line}");
        assert_ne!(event["level"], "ERROR", "{line}");
    }
    assert!(log.lines().count() > 20);
}

#[test]
fn the_log_for_people_is_tame_too() {
    let pretty = "[log]\nlevel = \"debug\"\nformat = \"pretty\"\n";
    let (plane, _provider, agent) = plane_with_a_provider(pretty);
    inject(&plane, &agent);
    let log = plane.log();
    is_tame("the log", &log);
    for line in log.lines() {
        let text = line.trim_start();
        assert!(!text.starts_with("{\"level\""), "a line of its own: {line}");
    }
    assert!(log.contains("control request"), "{log}");
}

#[test]
fn no_table_or_story_steers_the_terminal() {
    let (plane, _provider, agent) = plane_with_a_provider("");
    inject(&plane, &agent);
    for words in [
        "agents list",
        "decisions",
        "explain --last",
        "usage --by model",
        "usage --by model --csv",
        "audit list",
        "keys status",
        "sources list",
        "status",
        "top --once",
    ] {
        let said = plane.run(words);
        assert_eq!(said.code, 0, "{words}: {said:?}");
        // Rows of CSV end so.
        is_tame(words, &said.out.replace("\r\n", "\n"));
        is_tame(words, &said.err);
    }
}
