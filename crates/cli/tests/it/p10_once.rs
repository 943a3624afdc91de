//! P10 once, through the real binary: under concurrency, over `kill -9`, and from the command line that repeats by itself.

use crate::plane::{Answer, Plane, comes_true, request};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A change and the key that it is sent under.
#[derive(Clone, Debug)]
struct Change {
    key: String,
    path: String,
    body: Value,
}

impl Change {
    fn create(worker: usize, number: usize) -> Self {
        Self {
            key: format!("create-{worker}-{number}"),
            path: "/api/v1/agents".into(),
            body: json!({"name": format!("a-{worker}-{number}")}),
        }
    }

    fn rotate(worker: usize, number: usize) -> Self {
        Self {
            key: format!("rotate-{worker}-{number}"),
            path: format!("/api/v1/agents/a-{worker}-{number}/tokens/rotate"),
            body: json!({}),
        }
    }

    /// Sends it; the outer world may end meanwhile.
    fn send(&self, plane: &Plane) -> Option<Answer> {
        let credential = format!("Bearer {}", plane.operator);
        let headers = [
            ("authorization", credential.as_str()),
            ("idempotency-key", self.key.as_str()),
        ];
        let body = self.body.to_string();
        let answer =
            catch_unwind(|| request(&plane.url, "POST", &self.path, &headers, Some(&body))).ok()?;
        let whole = serde_json::from_str::<Value>(&answer.body).is_ok();
        Some(answer).filter(|_| whole)
    }
}

fn is_replayed(answer: &Answer) -> bool {
    answer
        .head
        .to_ascii_lowercase()
        .contains("idempotency-replayed: true")
}

fn records(plane: &Plane) -> Vec<Value> {
    let log = plane.run("audit list --limit 100000 --json").well().json();
    log["items"].as_array().unwrap().clone()
}

/// How often each agent, by name, was created and rotated.
fn counted(plane: &Plane, action: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for record in records(plane) {
        if record["action"] == action {
            let name = record["details"]["name"].as_str().unwrap().to_owned();
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

/// Sends changes one after the other until the plane is gone: what was answered, and what was not.
fn work(
    plane: &Plane,
    worker: usize,
    from: usize,
    done: &AtomicUsize,
) -> (Vec<(Change, String)>, Change) {
    let mut answered = Vec::new();
    for number in from.. {
        for change in [
            Change::create(worker, number),
            Change::rotate(worker, number),
        ] {
            match change.send(plane) {
                Some(answer) if answer.status == 201 => {
                    answered.push((change, answer.body));
                    done.fetch_add(1, Ordering::Relaxed);
                }
                _ => return (answered, change),
            }
        }
    }
    unreachable!("a worker ends with the plane")
}

#[test]
fn p10_changes_that_are_sent_again_after_kill_9_happen_once() {
    let mut plane = Plane::start();
    for round in 0..3 {
        let from = round * 10_000;
        let done = AtomicUsize::new(0);
        let done: Vec<_> = thread::scope(|scope| {
            let (plane, done) = (&plane, &done);
            let workers: Vec<_> = (0..4)
                .map(|worker| scope.spawn(move || work(plane, worker, from, done)))
                .collect();
            comes_true(|| done.load(Ordering::Relaxed) >= 20);
            plane.signal("KILL");
            let ended = workers.into_iter().map(|worker| worker.join().unwrap());
            ended.collect()
        });
        plane.crash();
        plane.restart();
        let answered: usize = done.iter().map(|(answered, _)| answered.len()).sum();
        assert!(answered >= 20, "{answered} were answered");
        for (answered, cut) in done {
            for (change, body) in answered {
                let again = change.send(&plane).unwrap();
                assert_eq!(again.status, 201, "{change:?}: {again:?}");
                assert!(is_replayed(&again), "{change:?}");
                assert_eq!(again.body, body, "{change:?}");
            }
            // What was cut off happened or not; sent again it has happened, and once more it is the same.
            let first = cut.send(&plane).unwrap();
            assert_eq!(first.status, 201, "{cut:?}: {first:?}");
            let second = cut.send(&plane).unwrap();
            assert_eq!((&second.body, is_replayed(&second)), (&first.body, true));
            let token = first.json()["token"].as_str().unwrap().to_owned();
            assert!(plane.accepts(&token), "{cut:?}");
        }
    }
    for action in ["agent.created", "token.rotated"] {
        let counts = counted(&plane, action);
        assert!(counts.len() > 3, "{action}: {counts:?}");
        let twice: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
        assert!(twice.is_empty(), "{action}: {twice:?}");
    }
}

#[test]
fn p10_fifty_at_once_change_one_thing() {
    let plane = Plane::start();
    let change = Change::create(0, 0);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let senders: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| change.send(&plane).unwrap()))
            .collect();
        let answers = senders.into_iter().map(|sender| sender.join().unwrap());
        answers.collect()
    });
    let told: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .collect();
    assert!(!told.is_empty());
    assert_eq!(told.iter().filter(|answer| !is_replayed(answer)).count(), 1);
    assert!(told.iter().all(|answer| answer.body == told[0].body));
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.status, 409, "{answer:?}");
        assert_eq!(answer.json()["code"], "request_running");
    }
    assert_eq!(counted(&plane, "agent.created")["a-0-0"], 1);
}

/// One request or answer as it came, whole.
fn read_message(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return bytes;
            }
        }
        let read = socket.read(&mut piece).unwrap();
        assert!(read > 0, "the message ends early");
        bytes.extend_from_slice(&piece[..read]);
    }
}

/// A way to the plane on which the first reply is lost and the second try meets a plane that is not up to it. Gives its address
/// and, when it has passed a reply on, the keys of all tries.
fn lossy_way(plane: &Plane) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let upstream = plane.url.trim_start_matches("http://").to_owned();
    let way = thread::spawn(move || {
        let mut keys = Vec::new();
        for attempt in 0..3 {
            let (mut socket, _) = listener.accept().unwrap();
            let asked = read_message(&mut socket);
            let text = String::from_utf8_lossy(&asked).into_owned();
            let key = text
                .lines()
                .find_map(|line| line.strip_prefix("idempotency-key: "));
            keys.push(key.unwrap_or_default().to_owned());
            if attempt == 1 {
                let busy = b"HTTP/1.1 503 x\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
                socket.write_all(busy).unwrap();
                continue;
            }
            let mut behind = TcpStream::connect(&upstream).unwrap();
            behind.write_all(&asked).unwrap();
            let reply = read_message(&mut behind);
            assert!(
                reply.starts_with(b"HTTP/1.1 201"),
                "{}",
                String::from_utf8_lossy(&reply)
            );
            if attempt == 2 {
                socket.write_all(&reply).unwrap();
            }
        }
        keys
    });
    (url, way)
}

#[test]
fn p10_the_command_line_asks_again_under_one_key_and_says_so() {
    let plane = Plane::start();
    let (url, way) = lossy_way(&plane);
    let created = plane
        .run(&format!("agents create mayor --url {url}"))
        .well();
    let keys = way.join().unwrap();
    assert!(keys[0].starts_with('"') && keys[0].len() == 34, "{keys:?}");
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    let told: Vec<&str> = created.err.lines().collect();
    assert_eq!(told.len(), 2, "{created:?}");
    assert!(told[0].contains("under the same key") && told[0].contains("2 of 4"));
    assert!(told[1].contains("3 of 4"), "{told:?}");
    assert_eq!(counted(&plane, "agent.created")["mayor"], 1);
    // The token that came with the third reply is the one that the first try made.
    let token = created
        .out
        .split_whitespace()
        .find(|word| word.starts_with("ptna_"));
    assert!(plane.accepts(token.unwrap()));
}

#[test]
fn a_plane_that_was_never_there_is_told_at_once() {
    let plane = Plane::start();
    let failed = plane.run("agents create mayor --url http://127.0.0.1:9");
    assert_eq!(failed.code, 1);
    assert!(failed.err.contains("cannot be reached"), "{failed:?}");
    assert!(!failed.err.contains("under the same key"), "{failed:?}");
}
