//! P5 on one node: after the acknowledgement the token is refused, on open streams too.

use crate::plane::{Plane, SECOND, Stream, stream};
use portunus_testkit::provider::answer::Answer;
use portunus_testkit::{FakeProvider, Gate};

const BODY: &str = r#"{"model":"claude-sonnet-4-5","max_tokens":16,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

fn kid_of(plane: &Plane, agent: &str) -> String {
    let listed = plane
        .run(&format!("tokens list --agent {agent} --json"))
        .well()
        .json();
    listed["items"][0]["kid"].as_str().unwrap().to_owned()
}

/// A stream that has begun and whose upstream then falls silent.
fn open_stream(plane: &Plane, token: &str) -> Stream {
    let headers = [("x-api-key", token), ("anthropic-version", "2023-06-01")];
    let mut call = stream(&plane.url, "POST", "/v1/messages", &headers, Some(BODY));
    call.read_until("content_block_delta");
    call
}

fn plane_with_a_silent_provider() -> (Plane, FakeProvider) {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-a", &provider.base_url());
    let silent = Answer::ok().held_after(4, &Gate::closed());
    provider.key("sk-a").always(silent);
    (plane, provider)
}

fn ends_soon(mut call: Stream) {
    let took = call.read_to_end();
    assert!(took < SECOND, "took {took:?}");
    assert!(
        !call.text().contains("message_stop"),
        "it must not look finished"
    );
}

#[test]
fn p5_a_revoked_token_is_refused_at_once_and_its_streams_end() {
    let (plane, _provider) = plane_with_a_silent_provider();
    let token = plane.create_agent("mayor");
    let other = plane.create_agent("scout");
    let call = open_stream(&plane, &token);
    plane
        .run(&format!("tokens revoke {}", kid_of(&plane, "mayor")))
        .well();
    assert!(!plane.accepts(&token));
    ends_soon(call);
    assert!(plane.accepts(&other), "only the revoked one ends");
    let again = plane.run(&format!("tokens revoke {}", kid_of(&plane, "mayor")));
    assert_eq!(again.code, 5, "{again:?}");
}

#[test]
fn p5_a_deleted_agents_tokens_end_and_its_name_is_free() {
    let (plane, _provider) = plane_with_a_silent_provider();
    let token = plane.create_agent("mayor");
    let call = open_stream(&plane, &token);
    plane.run("agents delete mayor").well();
    assert!(!plane.accepts(&token));
    ends_soon(call);
    let successor = plane.create_agent("mayor");
    assert!(plane.accepts(&successor));
    assert!(
        !plane.accepts(&token),
        "the name's new owner is somebody else"
    );
}

#[test]
fn p5_a_crash_revives_nothing() {
    let mut plane = Plane::start();
    let token = plane.create_agent("mayor");
    plane
        .run(&format!("tokens revoke {}", kid_of(&plane, "mayor")))
        .well();
    plane.crash_and_restart();
    assert!(!plane.accepts(&token));
}
