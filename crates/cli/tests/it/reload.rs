//! A changed configuration counts without a restart where it can, and drops no request; mistakes change nothing.

use crate::plane::{PATIENCE, Plane, request, stream};
use portunus_testkit::provider::answer::Answer;
use portunus_testkit::{FakeProvider, Gate};
use std::time::Instant;

const BODY: &str = r#"{"model":"claude-sonnet-4-5","max_tokens":16,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

fn write(plane: &Plane, text: &str) {
    std::fs::write(plane.path("portunus.toml"), text).unwrap();
}

fn wait_for_log(plane: &Plane, words: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !plane.log().contains(words) {
        assert!(Instant::now() < deadline, "no {words:?} in {}", plane.log());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// The status of `/metrics` for somebody without a token: 200 when the configuration in force opens it.
fn metrics_status(plane: &Plane) -> u16 {
    request(&plane.url, "GET", "/metrics", &[], None).status
}

#[test]
fn a_stream_goes_on_across_a_reload_and_the_new_settings_count() {
    let gate = Gate::closed();
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start_configured("[metrics]\npublic = false\n");
    plane.add_key("anthropic", "a", "sk-a", &provider.base_url());
    let answer = Answer::ok().held_after(4, &gate);
    provider.key("sk-a").always(answer);
    let token = plane.create_agent("mayor");
    let headers = [
        ("x-api-key", token.as_str()),
        ("anthropic-version", "2023-06-01"),
    ];
    let mut call = stream(&plane.url, "POST", "/v1/messages", &headers, Some(BODY));
    call.read_until("content_block_delta");
    assert_eq!(metrics_status(&plane), 401);

    write(&plane, "[metrics]\npublic = true\n[door]\nworkers = 5\n");
    plane.signal("HUP");
    wait_for_log(&plane, "the configuration was reloaded");
    assert_eq!(metrics_status(&plane), 200);
    wait_for_log(&plane, "needs a restart to change");
    assert!(plane.log().contains("door.workers"), "{}", plane.log());

    gate.open();
    call.read_to_end();
    assert!(call.text().contains("message_stop"), "{}", call.text());
    // What a signal causes is written behind.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let events = plane.run("audit list --action config. --json").well();
        let event = &events.json()["items"][0];
        if event["action"] == "config.reloaded" {
            assert!(event["actor"].is_null(), "{event}");
            break;
        }
        assert!(Instant::now() < deadline, "{events:?}");
    }
}

#[test]
fn a_file_with_mistakes_changes_nothing_and_each_is_told() {
    let plane = Plane::start_configured("[metrics]\npublic = true\n");
    write(&plane, "[metrics]\npublic = 7\n[drain]\ntimeout = 3\n");
    plane.signal("HUP");
    wait_for_log(&plane, "the one before it stays in force");
    let log = plane.log();
    assert!(log.contains("portunus.toml:2"), "{log}");
    assert!(log.contains("did you mean `timeout_s`"), "{log}");
    assert_eq!(metrics_status(&plane), 200);

    let refused = plane.run("reload");
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(refused.err.contains("portunus.toml:2"), "{refused:?}");
    assert!(refused.err.contains("portunus.toml:4"), "{refused:?}");
    let page = request(&plane.url, "GET", "/metrics", &[], None).body;
    let count = "portunus_config_reloads_total{outcome=\"refused\"} 2";
    assert!(page.contains(count), "{page}");
}

#[test]
fn an_operator_reloads_from_the_command_line() {
    let plane = Plane::start_configured("[drain]\ntimeout_s = 5\n");
    let nothing = plane.run("reload").well();
    assert!(nothing.out.contains("Nothing differs"), "{nothing:?}");
    write(
        &plane,
        "[drain]\ntimeout_s = 6\n[log]\nformat = \"pretty\"\n",
    );
    let said = plane.run("reload").well().out;
    insta::assert_snapshot!(said, @"
    Changed:
      drain.timeout_s: 5 -> 6
    Needs a restart to change:
      log.format: json -> pretty
    ");
    let events = plane
        .run("audit list --action config. --json")
        .well()
        .json();
    let event = &events["items"][0];
    assert_eq!(event["actor"]["kind"], "operator", "{event}");
    let agent = plane.create_agent("mayor");
    let refused = plane.run_as(&agent, "reload", "");
    assert_eq!(refused.code, 3, "{refused:?}");
}

#[test]
fn the_log_level_changes_until_the_next_reload() {
    let plane = Plane::start_configured("[log]\nlevel = \"info\"\n");
    assert_eq!(plane.run("log-level").well().out, "info\n");
    let refused = plane.run("log-level loud");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains("write off, error, warn"),
        "{refused:?}"
    );

    let agent = plane.create_agent("mayor");
    let headers = [("x-api-key", agent.as_str())];
    let lines_of_a_request = || {
        let before = plane.log().matches("portunus::request").count();
        request(&plane.url, "GET", "/v1/nothing", &headers, None);
        plane.log().matches("portunus::request").count() - before
    };
    assert_eq!(lines_of_a_request(), 1);
    plane.run("log-level error").well();
    assert_eq!(lines_of_a_request(), 0);
    plane.run("log-level error,portunus::request=info").well();
    assert_eq!(lines_of_a_request(), 1);
    plane.run("log-level error").well();
    let said = plane.run("reload").well().out;
    assert!(said.contains("log.level: error -> info"), "{said}");
    assert_eq!(lines_of_a_request(), 1);
    let events = plane.run("audit list --action log_level. --json").well();
    let events = events.json();
    assert_eq!(events["items"].as_array().unwrap().len(), 3, "{events}");
    assert_eq!(events["items"][2]["details"]["to"], "error", "{events}");
}
