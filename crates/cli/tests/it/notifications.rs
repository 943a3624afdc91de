//! Notifications through the real binary: sent by an agent, followed across a crash of the plane, read by operators, told to a
//! webhook.

use crate::plane::{Follower, PATIENCE, Plane};
use crate::webhook::{SecretFile, receiver};
use serde_json::Value;

#[test]
fn an_agent_notifies_and_operators_read() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    let words = "notify look --priority high --link https://ci.example/7 --body -";
    let said = plane.run_as(&mayor, words, "a\u{1b}[2J\nb\n").well().out;
    assert!(said.starts_with("Operators are told (ntf_"), "{said}");
    let list = plane
        .run("notifications list --unread --json")
        .well()
        .json();
    let id = list["items"][0]["id"].as_str().unwrap();
    assert_eq!(list["items"][0]["body"], "a\u{1b}[2J\nb");
    let shown = plane.run(&format!("notifications show {id}")).well().out;
    assert!(shown.contains("high  mayor: look"), "{shown}");
    assert!(
        shown.contains("    a\\u{1b}[2J\n    b\n    https://ci.example/7\n"),
        "{shown}"
    );
    plane.run(&format!("notifications read {id}")).well();
    let unread = plane.run("notifications list --unread").well().out;
    assert_eq!(unread, "No notifications.\n");
    assert_eq!(
        plane.run("notify look").code,
        3,
        "operators are who is notified"
    );
    for (words, code) in [
        ("notify look --link javascript:alert(1)", 2),
        ("notifications list", 3),
    ] {
        let refused = plane.run_as(&mayor, words, "");
        assert_eq!(refused.code, code, "{refused:?}");
        assert!(refused.err.contains("fix: "), "{refused:?}");
    }
}

#[test]
fn whoever_follows_misses_nothing_across_a_crash() {
    let mut plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    plane.run_as(&mayor, "notify before", "").well();
    let words = "notifications list --follow --json";
    let follower = Follower::start(&plane, &plane.operator, words);
    let next = || {
        let item: Value = serde_json::from_str(&follower.line()).unwrap();
        item["title"].as_str().unwrap().to_owned()
    };
    assert_eq!(next(), "before");
    plane.run_as(&mayor, "notify one", "").well();
    assert_eq!(next(), "one");
    plane.crash();
    let remark = follower.remark();
    assert!(remark.contains("trying again"), "{remark}");
    plane.restart();
    for title in ["two", "three"] {
        plane.run_as(&mayor, &format!("notify {title}"), "").well();
    }
    assert_eq!([next(), next()], ["two", "three"]);
    assert!(follower.is_silent(), "nothing comes twice");
}

#[test]
fn a_notification_that_matters_reaches_the_webhook_signed() {
    let (url, received) = receiver();
    let secret = SecretFile::new();
    let plane = Plane::start_configured(&format!(
        "[notifications]\nwebhook_url = \"{url}\"\nwebhook_secret_file = \"{}\"\nwebhook_min_priority = \"high\"\n",
        secret.path().display()
    ));
    let mayor = plane.create_agent("mayor");
    plane.run_as(&mayor, "notify unimportant", "").well();
    let words = "notify important --priority urgent --json";
    let sent = plane.run_as(&mayor, words, "").well().json();
    let attempts = [(); 2].map(|()| received.recv_timeout(PATIENCE).unwrap());
    for attempt in &attempts {
        attempt.is_genuine();
        assert_eq!(attempt.header("webhook-id"), sent["id"]);
    }
    let told: Value = serde_json::from_slice(&attempts[0].body).unwrap();
    assert_eq!(told["type"], "notification.sent");
    assert_eq!(told["data"]["title"], "important");
    assert_eq!(told["data"]["agent"]["name"], "mayor");
}
