//! The program: how it is started, told of signals, waited for, and tied to its broker.

use super::stage::{Brokered, lives, run};
use crate::plane::{PATIENCE, Plane, Said, comes_true, finish};
use serde_json::{Value, json};

fn say(plane: &Plane, token: &str, words: &[&str], input: &str) -> Said {
    let mut command = run(&plane.path(""), &plane.url, "mayor", token);
    finish(command.arg("--").args(words), input)
}

#[test]
fn its_exit_code_is_the_brokers_and_so_are_its_channels() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let said = say(
        &plane,
        &token,
        &["sh", "-c", "cat; echo no >&2; exit 7"],
        "hello",
    );
    assert_eq!(
        (said.code, said.out.as_str(), said.err.as_str()),
        (7, "hello", "no\n")
    );
    for (script, code) in [("exit 0", 0), ("kill -9 $$", 137), ("kill -TERM $$", 143)] {
        assert_eq!(
            say(&plane, &token, &["sh", "-c", script], "").code,
            code,
            "{script}"
        );
    }
    let missing = say(&plane, &token, &["no-such-program"], "");
    assert_eq!(missing.code, 127, "{missing:?}");
    assert!(
        missing.err.contains("cannot run `no-such-program`"),
        "{missing:?}"
    );
    let mut command = run(&plane.path(""), &plane.url, "mayor", &token);
    let missing = finish(command.args(["--json", "--", "no-such-program"]), "");
    let told: Value = serde_json::from_str(&missing.err).unwrap();
    assert_eq!((missing.code, &told["exit_code"]), (127, &json!(127)));
    assert_eq!(told["fix"], "check the name, or give its path");
    let unfit = say(&plane, &token, &["/dev/null"], "");
    assert_eq!(unfit.code, 126, "{unfit:?}");
    // What follows `--` is the program's own, whatever it looks like.
    let said = say(&plane, &token, &["echo", "--json", "sk-learn", "--"], "").well();
    assert_eq!(said.out, "--json sk-learn --\n");
}

#[test]
fn what_would_do_harm_later_is_refused_before_anything_starts() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let refused = |words: &[&str]| {
        let mut command = run(&plane.path(""), &plane.url, "mayor", &token);
        let said = finish(command.args(words).args(["--", "touch", "began"]), "");
        assert_eq!(said.code, 2, "{words:?} {said:?}");
        said.err
    };
    for command in ["", " "] {
        let said = refused(&["--on-message", command]);
        assert!(
            said.contains("the command of --on-message is empty"),
            "{said}"
        );
    }
    for (name, why) in [
        ("", "is empty"),
        ("A=B", "no name of a variable"),
        ("PATH", "PATH cannot be"),
        ("PORTUNUS_URL", "PORTUNUS_URL cannot be"),
    ] {
        let said = refused(&["--handle-in", name]);
        assert!(
            said.contains(&format!("--handle-in {why}")) || said.contains(why),
            "{said}"
        );
    }
    let said = refused(&["--url", "http://a.example,http://b.example"]);
    assert!(said.contains("its own --url"), "{said}");
    assert!(!plane.path("began").exists());
    let mut command = run(&plane.path(""), &plane.url, "mayor", &plane.operator);
    let operators = finish(command.args(["--", "true"]), "");
    assert_eq!(operators.code, 3, "{operators:?}");
    assert!(
        operators.err.contains("the token of the operator"),
        "{operators:?}"
    );
}

#[test]
fn signals_reach_it_and_it_decides() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    for signal in ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"] {
        let home = plane.path(&format!("home-{signal}"));
        std::fs::create_dir_all(&home).unwrap();
        let mut command = run(&home, &plane.url, "mayor", &token);
        let script = format!(
            "trap 'echo $? > heard; exit 42' {signal}; env > told.tmp; mv told.tmp told; while :; do sleep 0.05; done"
        );
        command.args(["--", "sh", "-c", &script]);
        let mut brokered = Brokered::spawn(command, home);
        brokered.signal(signal);
        assert_eq!(brokered.ended(), Some(42), "{signal}");
    }
}

#[test]
fn it_does_not_outlive_a_broker_that_was_killed() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let mut brokered = Brokered::start(&plane, "mayor", &token, &[]);
    let program = brokered.program();
    assert!(lives(program));
    brokered.signal("KILL");
    brokered.ended();
    let ended = comes_true(|| !lives(program));
    assert!(ended, "the program runs on without a broker");
}

#[test]
fn what_cannot_run_is_said_before_anything_starts() {
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let began = plane.path("began");
    let touch = ["touch", began.to_str().unwrap()];
    let refused = |words: &[&str], code: i32, says: &str| {
        let mut command = run(&plane.path(""), &plane.url, "mayor", &token);
        let said = finish(command.args(words).arg("--").args(touch), "");
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.err.contains(says), "{said:?}");
        assert!(!said.err.contains(&token), "{said:?}");
    };
    refused(&["--listen", "0.0.0.0:0"], 2, "is not a loopback address");
    refused(
        &["--url", "plane"],
        2,
        "an address of the plane must begin with",
    );
    refused(
        &["--url", "http://u:hunter2@h"],
        2,
        "has a user name or a password",
    );
    refused(&["--as", "nobody-here"], 2, "");
    let clerk = plane.create_agent("clerk");
    let mut command = run(&plane.path(""), &plane.url, "mayor", &clerk);
    let said = finish(command.arg("--").args(touch), "");
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("clerk"), "{said:?}");
    let mut command = run(&plane.path(""), &plane.url, "mayor", "ptna_wrong");
    let said = finish(command.arg("--").args(touch), "");
    assert_eq!(said.code, 3, "{said:?}");
    assert!(!began.exists());
}

#[test]
fn a_body_that_is_announced_too_large_is_refused_before_it_comes() {
    use std::io::{Read, Write};
    let plane = Plane::start();
    let token = plane.create_agent("mayor");
    let brokered = Brokered::start(&plane, "mayor", &token, &[]);
    let address = brokered.url().strip_prefix("http://").unwrap();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: a\r\nx-api-key: {}\r\nContent-Length: {}\r\n\r\n",
        brokered.handle(),
        32 * 1024 * 1024 + 1
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}
