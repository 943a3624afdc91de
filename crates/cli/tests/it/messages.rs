//! Boards, messages and inboxes as people and agents use them from the command line: who is reached, what becomes of it, what
//! a reader sees who follows across a crash of the plane.

use crate::plane::{Follower, Plane};
use serde_json::Value;
use std::time::Duration;

#[test]
fn a_message_is_written_taken_acknowledged_and_its_sender_sees_it() {
    let plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    plane
        .run("boards create town --chat --tag team --description everybody")
        .well();
    plane.run("boards create diary").well();
    let chats = plane.run("boards list --chat --json").well().json();
    assert_eq!(chats["items"][0]["name"], "town");
    assert_eq!(chats["items"].as_array().unwrap().len(), 1);
    let said = plane.run_as(
        &mayor,
        "send --board diary --tag note --data {\"job\":7} -",
        "@clerk and @ghost\n",
    );
    let said = said.well().out;
    assert!(said.contains("on diary as #1"), "{said}");
    assert!(said.contains("1 agent will be handed it"), "{said}");
    assert!(said.contains("No agent has the name: ghost"), "{said}");
    let inbox = plane.run_as(&clerk, "inbox --json --limit 1", "").well();
    assert_eq!(inbox.json()["items"][0]["message"]["data"]["job"], 7);
    let id = inbox.json()["items"][0]["message"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let show = format!("messages show {id} --json");
    let shown = plane.run_as(&mayor, &show, "").well().json();
    assert_eq!(
        shown["recipients"]["items"][0]["delivery"]["state"],
        "delivered"
    );
    let acked = plane
        .run_as(&clerk, &format!("messages ack {id}"), "")
        .well();
    assert_eq!(acked.out, "1 message is read.\n");
    let shown = plane.run_as(&mayor, &format!("messages show {id}"), "");
    let shown = shown.well().out;
    assert!(shown.contains("1 read, 0 failed"), "{shown}");
    let other = plane.create_agent("scout");
    assert_eq!(
        plane.run_as(&other, "send --to ghost hello", "").code,
        4,
        "nobody"
    );
    let read = plane.run("boards read diary").well().out;
    assert!(read.contains("    @clerk and @ghost\n"), "{read}");
    plane.run("boards update town --no-chat").well();
    plane.run("boards delete town").well();
    assert_eq!(plane.run("boards show town").code, 4);
    assert_eq!(plane.run("inbox").code, 3, "operators have none");
}

#[test]
fn what_agents_write_cannot_steer_the_terminal() {
    let plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    let evil = "\u{1b}]0;mine\u{7} \u{1b}[2J \u{9b}31m \u{202e}gnp.exe\r\nnext";
    plane.run_as(&mayor, "send --to clerk -", evil).well();
    for words in ["inbox --hide 1s", "inbox --hide 1s --json"] {
        let shown = plane.run_as(&clerk, words, "").well().out;
        let steers = |c: char| c.is_control() && c != '\n';
        assert!(!shown.contains(steers), "{shown:?}");
        assert!(shown.contains("next"), "{shown:?}");
        std::thread::sleep(Duration::from_millis(1_100));
    }
}

#[test]
fn whoever_follows_and_acknowledges_sees_each_message_once_across_a_crash() {
    let mut plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    let words = "inbox --follow --ack --hide 1s --json";
    let follower = Follower::start(&plane, &clerk, words);
    let next = || {
        let item: Value = serde_json::from_str(&follower.line()).unwrap();
        item["message"]["text"].as_str().unwrap().to_owned()
    };
    plane.run_as(&mayor, "send --to clerk one", "").well();
    assert_eq!(next(), "one");
    plane.crash();
    let remark = follower.remark();
    assert!(remark.contains("trying again"), "{remark}");
    plane.restart();
    for text in ["two", "three"] {
        let words = format!("send --to clerk {text}");
        plane.run_as(&mayor, &words, "").well();
        assert_eq!(next(), text);
    }
    // Longer than what is not acknowledged stays hidden.
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(follower.is_silent(), "nothing comes twice");
}

#[test]
fn whoever_follows_a_board_reads_what_is_written_and_nothing_else() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    plane.run("boards create diary").well();
    let follower = Follower::start(&plane, &mayor, "boards read diary --follow");
    for text in ["one", "two"] {
        let words = format!("send --board diary {text}");
        plane.run_as(&mayor, &words, "").well();
        // Of each message a line that tells of it, and its text.
        let head = follower.line();
        assert!(head.contains("mayor"), "{head}");
        assert_eq!(follower.line().trim(), text);
    }
    assert!(follower.is_silent(), "nothing is told of nothing");
}

#[test]
fn a_board_is_narrowed_to_an_agent_or_an_operator() {
    let plane = Plane::start();
    let mayor = plane.create_agent("mayor");
    plane.run("boards create diary").well();
    plane.run("send --board diary noon").well();
    plane.run_as(&mayor, "send --board diary night", "").well();
    for (from, wrote) in [("operator", "noon"), ("mayor", "night")] {
        let words = format!("boards read diary --from {from} --json");
        let items = plane.run(&words).well().json()["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
        assert_eq!(items[0]["text"], wrote);
    }
    assert_eq!(plane.run("boards read diary --from nobody").code, 4);
}
