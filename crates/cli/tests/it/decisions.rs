//! Why requests went where they went, through the real door: told at once, followed across restarts, kept through
//! `kill -9` up to the last second.

use crate::plane::{Answer, Follower, Plane, request};
use portunus_core::time::Clock;
use portunus_testkit::{FakeProvider, Limit, LimitStyle, WallClock};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const BODY: &str =
    r#"{"model":"claude-sonnet-4-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;

fn call(plane: &Plane, token: &str) -> Answer {
    let headers = [("x-api-key", token), ("anthropic-version", "2023-06-01")];
    request(&plane.url, "POST", "/v1/messages", &headers, Some(BODY))
}

fn id(answer: &Answer) -> String {
    let head = answer.head.to_ascii_lowercase();
    let at = head.find("x-request-id: ").expect("every answer has an id") + 14;
    answer.head[at..].lines().next().unwrap().trim().to_owned()
}

fn recorded(plane: &Plane) -> BTreeSet<String> {
    let list = plane.run("decisions --json --limit 100000").well().json();
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A plane with the keys `a` and `b` at a provider.
fn stage() -> (Plane, FakeProvider, String) {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-a", &provider.base_url());
    plane.add_key("anthropic", "b", "sk-b", &provider.base_url());
    let token = plane.create_agent("mayor");
    (plane, provider, token)
}

fn rests(provider: &FakeProvider, secret: &str) {
    let limit = Limit::new(1, Duration::from_secs(120), LimitStyle::AnthropicApiKey);
    provider.key(secret).limit(limit.spent_at(WallClock.now()));
}

#[test]
fn a_story_is_told_the_moment_the_answer_is_there() {
    let (plane, provider, token) = stage();
    rests(&provider, "sk-a");
    rests(&provider, "sk-b");
    plane.run("pools set anthropic --max-wait 0").well();
    let refused = call(&plane, &token);
    assert_eq!(refused.status, 429);
    let story = plane.run(&format!("explain {}", id(&refused))).well().out;
    for words in [
        "refused after",
        "mayor asked for messages of claude-sonnet-4-5",
        "tried anthropic:",
        "429, a quota of the key is spent",
        "no key was free, the first was expected at",
        "the plane refused it (429)",
    ] {
        assert!(story.contains(words), "{words}: {story}");
    }
    // Without an id it is the last one that failed; the prefix may be left out.
    assert_eq!(plane.run("explain").well().out, story);
    let bare = id(&refused);
    let bare = bare.trim_start_matches("req_");
    assert_eq!(plane.run(&format!("explain {bare}")).well().out, story);
    let json = plane
        .run(&format!("explain {} --json", id(&refused)))
        .well()
        .json();
    assert_eq!(json["outcome"], "refused");
    assert_eq!(json["agent"]["name"], "mayor");
    let steps = json["steps"].as_array().unwrap();
    let kinds: Vec<_> = steps
        .iter()
        .map(|step| step["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["attempted", "attempted", "waited"], "{json}");

    let third = provider.base_url();
    plane.add_key("anthropic", "c", "sk-c", &third);
    let served = call(&plane, &token);
    assert_eq!(served.status, 200);
    let story = plane.run("explain --last").well().out;
    assert!(story.starts_with(&id(&served)), "{story}");
    for words in [
        "served after",
        "tried anthropic:c",
        "resting until",
        "first byte",
        "tokens  ",
        "cost    ",
    ] {
        assert!(story.contains(words), "{words}: {story}");
    }
    let missing = plane.run("explain req_0000000000000000000000");
    assert_eq!(missing.code, 4, "{missing:?}");
    assert!(missing.err.contains("keep_days"), "{missing:?}");
    let table = plane.run("decisions --failed").well().out;
    assert!(
        table.contains(&id(&refused)) && !table.contains(&id(&served)),
        "{table}"
    );
}

#[test]
fn an_upstream_that_cannot_be_reached_is_told_with_its_address_and_the_reason() {
    let plane = Plane::start();
    // It keeps its port, and never listens.
    let deaf = tokio::net::TcpSocket::new_v4().unwrap();
    deaf.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = format!("http://{}", deaf.local_addr().unwrap());
    // What stands behind the address may be a secret of its own.
    let base_url = format!("{address}/canary");
    plane.add_key("anthropic", "a", "sk-canary", &base_url);
    let refused = call(&plane, &plane.create_agent("mayor"));
    assert_eq!(refused.status, 502);
    let story = plane.run("explain").well().out;
    let words =
        format!("The upstream at {address} could not be reached: the connection was refused.");
    assert!(story.contains(&words), "{story}");
    // The client hears why, and not where.
    let told = "The upstream of pool 'anthropic' could not be reached: the connection was refused.";
    assert!(refused.body.contains(told), "{refused:?}");
    for text in [&story, &refused.body] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_request_without_a_credential_has_a_story_too() {
    let (plane, _provider, _) = stage();
    let headers = [("anthropic-version", "2023-06-01")];
    let answer = request(&plane.url, "POST", "/v1/messages", &headers, Some(BODY));
    assert_eq!(answer.status, 401);
    let story = plane.run(&format!("explain {}", id(&answer))).well().out;
    assert!(
        story.contains("somebody without an accepted credential"),
        "{story}"
    );
}

#[test]
fn a_crash_loses_at_most_the_last_second() {
    let (mut plane, _provider, token) = stage();
    let calls = |plane: &Plane, count| -> Vec<String> {
        (0..count).map(|_| id(&call(plane, &token))).collect()
    };
    let early = calls(&plane, 60);
    std::thread::sleep(Duration::from_secs(1));
    let late = calls(&plane, 10);
    plane.crash_and_restart();
    let kept = recorded(&plane);
    assert!(
        early.iter().all(|id| kept.contains(id)),
        "an early one is gone"
    );
    let lost = late.iter().filter(|id| !kept.contains(*id)).count();
    println!("{lost} of the last {} were lost", late.len());
    assert_eq!(kept.len(), early.len() + late.len() - lost, "none twice");
    // A plane that is asked to end loses nothing.
    let last = calls(&plane, 5);
    plane.signal("TERM");
    assert!(plane.ended().success());
    plane.restart();
    let kept = recorded(&plane);
    assert!(last.iter().all(|id| kept.contains(id)));
}

#[test]
fn following_misses_nothing_and_repeats_nothing_across_a_restart() {
    let (mut plane, _provider, token) = stage();
    let call_some = |plane: &Plane, count: usize| -> BTreeSet<String> {
        (0..count).map(|_| id(&call(plane, &token))).collect()
    };
    let early = call_some(&plane, 3);
    let follower = Follower::start(&plane, &plane.operator, "decisions --follow --json");
    let mut last = 0;
    // Those of one moment may be numbered in any order, since several threads finish requests; numbers only rise.
    let mut follow = |count: usize| -> BTreeSet<String> {
        let told = (0..count).map(|_| {
            let decision: Value = serde_json::from_str(&follower.line()).unwrap();
            let number = decision["seq"].as_u64().unwrap();
            assert!(number > last, "{number} comes after {last}");
            last = number;
            decision["id"].as_str().unwrap().to_owned()
        });
        told.collect()
    };
    assert_eq!(follow(3), early);
    let more = call_some(&plane, 5);
    assert_eq!(follow(5), more);
    plane.signal("TERM");
    assert!(plane.ended().success());
    let said = follower.remark();
    assert!(said.contains("trying again"), "{said}");
    plane.restart();
    let late = call_some(&plane, 5);
    assert_eq!(follow(5), late);
    assert_eq!(follower.remark(), "The plane answers again.");
    assert!(follower.is_silent(), "nothing comes twice");
}

#[test]
fn how_many_are_kept_is_configured() {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start_configured("[decisions]\nkeep_mib = 0\n");
    plane.add_key("anthropic", "a", "sk-a", &provider.base_url());
    let token = plane.create_agent("mayor");
    let served = call(&plane, &token);
    assert_eq!(served.status, 200);
    assert!(recorded(&plane).is_empty());
    let missing = plane.run(&format!("explain {}", id(&served)));
    assert_eq!(missing.code, 4, "{missing:?}");
    let nothing = plane.run("explain --last");
    assert_eq!(nothing.code, 4, "{nothing:?}");
    let status = plane.run("status").well().out;
    assert!(status.contains("decisions    0 recorded"), "{status}");
}
