//! Messages beside a program: taken through the broker, or handed to a command, once each, and not acknowledged before that
//! has done its work.

use super::stage::Brokered;
use crate::plane::{Plane, comes_true};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn send(plane: &Plane, from: &str, text: &str) -> String {
    let body = json!({ "text": text });
    let sent = plane.ask(from, "POST", "/api/v1/agents/mayor/messages", Some(&body));
    assert_eq!(sent.status, 201, "{sent:?}");
    sent.json()["message"]["id"].as_str().unwrap().to_owned()
}

fn state(plane: &Plane, from: &str, id: &str) -> Value {
    let shown = plane.ask(from, "GET", &format!("/api/v1/messages/{id}"), None);
    shown.json()["deliveries"].clone()
}

pub(super) fn wait_until_read(plane: &Plane, from: &str, id: &str) {
    let was_read = comes_true(|| state(plane, from, id)["read"] == 1);
    assert!(was_read, "{}", state(plane, from, id));
}

#[test]
fn the_program_takes_and_acknowledges_them_through_the_broker() {
    let plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    let brokered = Brokered::start(&plane, "mayor", &mayor, &[]);
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| brokered.ask("GET", "/portunus/inbox?wait_ms=20000", None));
        std::thread::sleep(Duration::from_millis(300));
        let id = send(&plane, &clerk, "look \u{2713}");
        (waiting.join().unwrap().json(), id)
    });
    let (taken, id) = waiting;
    assert_eq!(taken["items"][0]["message"]["text"], "look \u{2713}");
    let body = json!({ "messages": [id] }).to_string();
    let read = brokered
        .ask("POST", "/portunus/inbox/ack", Some(&body))
        .json();
    assert_eq!(read["read"][0], id.as_str(), "{read}");
    wait_until_read(&plane, &clerk, &id);
    let odd = brokered.ask("GET", "/portunus/inbox?pages=1", None);
    assert_eq!(odd.json()["code"], "unknown_parameter");
}

#[test]
fn a_command_gets_each_on_its_standard_input_and_is_tried_again_until_it_succeeds() {
    let mut plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    // The first try of each message fails.
    let script = r#"
        cat > got.$$ && id=$(sed 's/.*"id":"\(msg_[A-Za-z0-9]*\)".*/\1/' got.$$)
        echo "$# $PORTUNUS_AGENT" >> words
        if [ ! -e "tried.$id" ]; then touch "tried.$id"; exit 1; fi
        cat got.$$ >> done; echo >> done"#;
    let brokered = Brokered::start(&plane, "mayor", &mayor, &["--on-message", script]);
    let hostile = "$(touch pwned) `touch pwned`; touch pwned '\"";
    let ids = [send(&plane, &clerk, hostile), send(&plane, &clerk, "two")];
    // What the plane said of the first may be lost; it says it again when it is back.
    std::thread::sleep(Duration::from_millis(1_500));
    plane.crash();
    plane.restart();
    for id in &ids {
        wait_until_read(&plane, &clerk, id);
    }
    let done = std::fs::read_to_string(brokered.home.join("done")).unwrap();
    let done: Vec<Value> = done
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let texts: Vec<&str> = done
        .iter()
        .map(|message| message["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, [hostile, "two"], "once each, in order");
    assert_eq!(done[0]["sender"]["name"], "clerk");
    assert!(!brokered.home.join("pwned").exists());
    let words = std::fs::read_to_string(brokered.home.join("words")).unwrap();
    assert!(words.lines().all(|line| line == "0 mayor"), "{words}");
}

#[test]
fn one_that_was_not_done_is_not_acknowledged_and_comes_again() {
    let plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    let mut brokered = Brokered::start(&plane, "mayor", &mayor, &["--on-message", "sleep 600"]);
    let id = send(&plane, &clerk, "take your time");
    assert!(comes_true(|| state(&plane, &clerk, &id)["delivered"] == 1));
    brokered.signal("TERM");
    assert_eq!(brokered.ended(), Some(143));
    assert_eq!(state(&plane, &clerk, &id)["read"], 0);
    let log = std::fs::read_to_string(brokered.home.join("broker.log")).unwrap();
    let told = log
        .lines()
        .any(|line| line.contains("is ended with the program") && line.contains(&id));
    assert!(told, "{log}");
}

#[test]
fn a_lost_connection_stands_in_the_log_while_a_command_still_runs() {
    let mut plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    let brokered = Brokered::start(&plane, "mayor", &mayor, &["--on-message", "sleep 600"]);
    let id = send(&plane, &clerk, "take your time");
    assert!(comes_true(|| state(&plane, &clerk, &id)["delivered"] == 1));
    plane.crash();
    let log = || std::fs::read_to_string(brokered.home.join("broker.log")).unwrap();
    assert!(
        comes_true(|| log().contains("cannot tell of what happens")),
        "{}",
        log()
    );
}

#[test]
fn one_that_never_succeeds_does_not_keep_those_behind_it() {
    let plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    // Its last try is half a minute after the first.
    let script = "! grep -q never";
    let _brokered = Brokered::start(&plane, "mayor", &mayor, &["--on-message", script]);
    let never = send(&plane, &clerk, "never");
    let good = send(&plane, &clerk, "good");
    assert!(comes_true(
        || state(&plane, &clerk, &never)["delivered"] == 1
    ));
    assert_eq!(state(&plane, &clerk, &good)["queued"], 1, "it has its turn");
    wait_until_read(&plane, &clerk, &good);
    assert_eq!(state(&plane, &clerk, &never)["delivered"], 1);
}

#[test]
fn where_push_is_not_allowed_they_are_asked_for() {
    let plane = Plane::start();
    let clerk = plane.create_agent("clerk");
    let scopes = "--scope inbox.* --scope self.beat --scope self.show --scope messages.*";
    let created = plane.run(&format!("agents create mayor {scopes} --json"));
    let mayor = created.well().json();
    let mayor = mayor["token"].as_str().unwrap();
    let brokered = Brokered::start(&plane, "mayor", mayor, &["--on-message", "cat >> got"]);
    for text in ["one", "two"] {
        wait_until_read(&plane, &clerk, &send(&plane, &clerk, text));
    }
    let got = std::fs::read_to_string(brokered.home.join("got")).unwrap();
    assert!(got.contains("one") && got.contains("two"), "{got}");
    let log = std::fs::read_to_string(brokered.home.join("broker.log")).unwrap();
    assert!(log.contains("self.push"), "{log}");
}
