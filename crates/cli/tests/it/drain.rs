//! SIGTERM: `/readyz` turns 503, streams finish, the process ends with 0.

use crate::plane::{Plane, SOON, comes_true, request, stream};
use portunus_testkit::provider::answer::Answer;
use portunus_testkit::{FakeProvider, Gate};

/// A streamed call whose answer stops in the middle until `gate` opens.
fn held_call(gate: &Gate) -> (Plane, FakeProvider, crate::plane::Stream) {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-a", &provider.base_url());
    provider
        .key("sk-a")
        .always(Answer::ok().held_after(4, gate));
    let token = plane.create_agent("mayor");
    let headers = [
        ("x-api-key", token.as_str()),
        ("anthropic-version", "2023-06-01"),
    ];
    let body = r#"{"model":"claude-sonnet-4-5","max_tokens":16,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let mut call = stream(&plane.url, "POST", "/v1/messages", &headers, Some(body));
    call.read_until("content_block_delta");
    (plane, provider, call)
}

/// Whether the plane says that it is leaving.
fn drains(plane: &Plane) -> bool {
    request(&plane.url, "GET", "/readyz", &[], None).status == 503
}

#[test]
fn a_stream_finishes_while_the_plane_says_that_it_is_leaving() {
    let gate = Gate::closed();
    let (mut plane, _provider, mut call) = held_call(&gate);
    assert_eq!(request(&plane.url, "GET", "/readyz", &[], None).status, 200);
    plane.signal("TERM");
    assert!(comes_true(|| drains(&plane)));
    assert_eq!(
        request(&plane.url, "GET", "/healthz", &[], None).status,
        200
    );
    let status = plane.run("status").well().out;
    assert!(status.contains("draining"), "{status}");
    gate.open();
    call.read_to_end();
    assert!(call.text().contains("message_stop"), "{}", call.text());
    assert_eq!(plane.ended().code(), Some(0), "{}", plane.log());
}

#[test]
fn an_idle_plane_ends_at_once() {
    let mut plane = Plane::start();
    let began = std::time::Instant::now();
    plane.signal("TERM");
    assert_eq!(plane.ended().code(), Some(0), "{}", plane.log());
    assert!(began.elapsed() < SOON);
}

#[test]
fn a_hangup_ends_nothing() {
    let plane = Plane::start();
    plane.signal("HUP");
    let told = "SIGHUP: the configuration was reloaded";
    assert!(comes_true(|| plane.log().contains(told)), "{}", plane.log());
    assert!(plane.accepts(&plane.operator));
}

#[test]
fn a_second_signal_does_not_wait() {
    let gate = Gate::closed();
    let (mut plane, _provider, _call) = held_call(&gate);
    plane.signal("TERM");
    assert!(comes_true(|| drains(&plane)));
    plane.signal("TERM");
    assert_eq!(plane.ended().code(), Some(0), "{}", plane.log());
}
