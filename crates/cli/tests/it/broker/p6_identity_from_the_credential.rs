//! P6 identity-from-the-credential, beside a program: whatever it sends besides the handle, it is the broker's agent.

use super::stage::{Brokered, give, run};
use crate::plane::{Plane, finish, request};
use std::io::{Read, Write};
use std::net::TcpStream;

#[test]
fn p6_a_program_cannot_be_anybody_else_through_its_broker() {
    let plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    let brokered = Brokered::start(&plane, "mayor", &mayor, &[]);
    let handle = format!("Bearer {}", brokered.handle());
    for headers in [
        [
            ("authorization", handle.as_str()),
            ("x-api-key", clerk.as_str()),
        ],
        [
            ("authorization", handle.as_str()),
            ("cookie", "__Host-portunus=made-up"),
        ],
        [
            ("authorization", handle.as_str()),
            ("x-portunus-agent", "clerk"),
        ],
    ] {
        let me = request(brokered.url(), "GET", "/api/v1/whoami", &headers, None);
        assert_eq!(me.json()["name"], "mayor", "{headers:?} {me:?}");
    }
    // Nor may it do what its agent may not.
    let refused = brokered.ask("POST", "/api/v1/agents", Some(r#"{"name":"deputy"}"#));
    assert_eq!(refused.json()["code"], "insufficient_scope");
    // The token of somebody else, put where the agent's is, makes no other agent of a program that runs.
    give(&brokered.home.join("mayor.token"), &clerk);
    std::thread::sleep(std::time::Duration::from_secs(4));
    let me = brokered.ask("GET", "/portunus/whoami", None);
    assert_eq!(me.json()["name"], "mayor", "{me:?}");
}

#[test]
fn p6_nothing_is_asked_with_a_token_before_a_plane_said_whose_it_is() {
    let mut plane = Plane::start();
    let clerk = plane.create_agent("clerk");
    plane.create_agent("mayor");
    plane.run("send --to clerk for-the-clerk").well();
    plane.crash();
    let words = ["--cadence", "6s", "--on-message", "cat >> taken"];
    let mut brokered = Brokered::start(&plane, "mayor", &clerk, &words);
    let asked = format!(
        "GET /portunus/whoami HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n",
        brokered.handle()
    );
    let mut asking = TcpStream::connect(brokered.url().trim_start_matches("http://")).unwrap();
    asking.write_all(asked.as_bytes()).unwrap();
    plane.restart();
    assert_eq!(brokered.ended(), Some(3));
    let told = std::fs::read_to_string(brokered.home.join("stderr")).unwrap();
    assert!(told.contains("the token is clerk's, not mayor's"), "{told}");
    // However the connection ends, nothing came over it.
    let mut answer = Vec::new();
    let _ = asking.read_to_end(&mut answer);
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    assert!(!brokered.home.join("taken").exists());
    let shown = plane.run("agents show clerk --json").well().json();
    assert_eq!(
        shown["status"], "unmonitored",
        "nothing is promised in its name"
    );
}

#[test]
fn p6_a_token_that_is_no_agents_is_refused_without_a_plane() {
    let mut plane = Plane::start();
    plane.crash();
    let mut command = run(&plane.path(""), &plane.url, "mayor", &plane.operator);
    let refused = finish(command.args(["--", "touch", "began"]), "");
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(
        refused.err.contains("the token of an operator"),
        "{refused:?}"
    );
    assert!(!plane.path("began").exists());
}

#[test]
fn p6_a_mistake_that_is_mended_while_no_plane_is_there_ends_nothing() {
    let mut plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    plane.crash();
    let brokered = Brokered::start(&plane, "mayor", &clerk, &[]);
    give(&brokered.home.join("mayor.token"), &mayor);
    plane.restart();
    let me = brokered.ask("GET", "/portunus/whoami", None);
    assert_eq!(me.json()["name"], "mayor", "{me:?}");
}
