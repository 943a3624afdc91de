//! P4 no-expiry-in-use, beside a program that asks all the time: tokens expire, families end, the token and the signing key are
//! rotated, the plane is killed and comes back, and the program sees not one 401 and not one refused connection.

use super::stage::{Brokered, give};
use crate::plane::{Plane, comes_true, request, stream};
use portunus_testkit::FakeProvider;
use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Days in half a minute: an access token lasts as long as a family of eight of them would in 80 minutes.
const SHORT_LIVES: &str = "[access_tokens]\nlife_s = 5\ngrace_s = 5\nfamily_s = 12\n";

/// What a program saw.
#[derive(Debug, Default)]
struct Seen {
    statuses: Vec<u16>,
    /// Connections that were refused, or cut before an answer began.
    lost: Vec<String>,
    /// Streams that a killed plane broke off; nothing can be made of them but an honest end.
    broken_off: usize,
}

/// Asks again and again until it is told to stop.
fn ask(
    brokered: &Brokered,
    until: &AtomicBool,
    seen: &Mutex<Seen>,
    round: impl Fn(&Brokered) -> Round,
) {
    while !until.load(Ordering::Relaxed) {
        // Nobody is meant to find out how often one may ask.
        std::thread::sleep(Duration::from_millis(30));
        let asked = catch_unwind(std::panic::AssertUnwindSafe(|| round(brokered)));
        let mut seen = seen.lock().unwrap();
        match asked {
            Ok(Round::Answered(status)) => seen.statuses.push(status),
            Ok(Round::BrokenOff) => seen.broken_off += 1,
            Err(panic) => seen
                .lost
                .push(format!("{:?}", panic.downcast_ref::<String>())),
        }
    }
}

enum Round {
    Answered(u16),
    BrokenOff,
}

fn plain(brokered: &Brokered) -> Round {
    let body = r#"{"model":"claude-haiku-4-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;
    Round::Answered(brokered.ask("POST", "/v1/messages", Some(body)).status)
}

fn streamed(brokered: &Brokered) -> Round {
    let body = r#"{"model":"gpt-5","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let bearer = format!("Bearer {}", brokered.handle());
    let headers = [("authorization", bearer.as_str())];
    let mut call = stream(
        brokered.url(),
        "POST",
        "/v1/chat/completions",
        &headers,
        Some(body),
    );
    call.read_to_end();
    let text = call.text();
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    match status {
        Some(200) if !text.contains("[DONE]") => Round::BrokenOff,
        Some(status) => Round::Answered(status),
        None => panic!("no head: {text:?}"),
    }
}

fn looked(brokered: &Brokered) -> Round {
    Round::Answered(brokered.ask("GET", "/api/v1/boards", None).status)
}

#[test]
fn p4_nothing_that_becomes_of_tokens_keys_and_the_plane_is_seen_by_the_program() {
    let provider = FakeProvider::start().unwrap();
    let mut plane = Plane::start_configured(SHORT_LIVES);
    plane.add_key("anthropic", "a", "sk-ant-a", &provider.base_url());
    plane.add_key("openai", "a", "sk-a", &provider.base_url());
    let token = plane.create_agent("mayor");
    // How exactly a program is alive is shown elsewhere; here it is enough that nobody thinks it dead.
    let brokered = Brokered::start(&plane, "mayor", &token, &["--cadence", "10s"]);
    let (until, seen) = (AtomicBool::new(false), Mutex::new(Seen::default()));
    std::thread::scope(|scope| {
        for round in [plain, streamed, looked, plain, streamed] {
            let (brokered, until, seen) = (&brokered, &until, &seen);
            scope.spawn(move || ask(brokered, until, seen, round));
        }
        let pause = || std::thread::sleep(Duration::from_secs(4));
        pause();
        plane.crash();
        std::thread::sleep(Duration::from_secs(2));
        plane.restart();
        pause();
        let rotated = plane
            .run("tokens rotate mayor --overlap 2s --json")
            .well()
            .json();
        give(
            &brokered.home.join("mayor.token"),
            rotated["token"].as_str().unwrap(),
        );
        pause();
        plane.run("signing rotate").well();
        pause();
        plane.signal("TERM");
        plane.ended();
        plane.restart();
        pause();
        plane.crash();
        plane.restart();
        plane.run("signing rotate").well();
        pause();
        until.store(true, Ordering::Relaxed);
    });
    let seen = seen.into_inner().unwrap();
    let others: BTreeSet<_> = seen
        .statuses
        .iter()
        .filter(|status| **status != 200)
        .collect();
    assert!(
        others.is_empty() && seen.lost.is_empty(),
        "{others:?} {:?}",
        seen.lost
    );
    assert!(seen.statuses.len() > 60, "{} answers", seen.statuses.len());
    assert!(
        seen.broken_off <= 6,
        "{} streams were broken off",
        seen.broken_off
    );
    // The predecessor has ended meanwhile, and access tokens were what was used.
    assert!(comes_true(|| !plane.accepts(&token)));
    let offline = plane
        .run("audit list --action agent.offline --json")
        .well()
        .json();
    assert_eq!(offline["items"].as_array().unwrap().len(), 0, "{offline}");
    let reused = plane
        .run("audit list --action family.reused --json")
        .well()
        .json();
    assert_eq!(reused["items"].as_array().unwrap().len(), 0, "{reused}");
}

#[test]
fn p4_a_second_address_serves_while_the_first_is_away() {
    let provider = FakeProvider::start().unwrap();
    let plane = Plane::start();
    plane.add_key("anthropic", "a", "sk-ant-a", &provider.base_url());
    let token = plane.create_agent("mayor");
    // Nobody listens there.
    let away = "http://127.0.0.1:9";
    let brokered = Brokered::start_at(&plane, away, "mayor", &token, &["--url", &plane.url]);
    assert!(matches!(plain(&brokered), Round::Answered(200)));
    assert_eq!(provider.seen().len(), 1);
}

#[test]
fn p4_a_request_waits_for_a_plane_and_is_refused_in_its_protocols_words_after_that() {
    let mut plane = Plane::start();
    let (mayor, clerk) = (plane.create_agent("mayor"), plane.create_agent("clerk"));
    let brokered = Brokered::start(&plane, "mayor", &mayor, &["--max-wait", "2s"]);
    let patient = Brokered::start(&plane, "clerk", &clerk, &["--max-wait", "10m"]);
    plane.crash();
    let answer = brokered.ask("POST", "/v1/messages", Some("{}"));
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.json()["error"]["type"], "overloaded_error");
    assert!(answer.head.contains("retry-after: 1"), "{answer:?}");
    // A client that says how long it waits is told before that.
    let headers = [
        ("x-api-key", patient.handle()),
        ("x-stainless-timeout", "2"),
    ];
    let began = std::time::Instant::now();
    let answer = request(patient.url(), "GET", "/v1/models", &headers, None);
    assert_eq!(
        answer.json()["error"]["code"],
        "server_is_overloaded",
        "{answer:?}"
    );
    assert!(began.elapsed() < Duration::from_millis(1_900));
    plane.restart();
    assert_eq!(brokered.ask("GET", "/portunus/whoami", None).status, 200);
}
