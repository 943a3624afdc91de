//! P10 on the model door: what one agent asks under one idempotency key is one call, one charge and one answer.

use super::budgets::{set, settled};
use super::plant::{Answer, Plant, SOON, brief};
use super::{chat, message, response};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use portunus_app::budgets::Target;
use portunus_app::{agents, tokens};
use portunus_core::budget::{Quantity, Window};
use portunus_core::decision::{Outcome, Step};
use portunus_proxy::DoorSettings;
use portunus_testkit::provider::seen::Ending;
use portunus_testkit::{Answer as Upstream, Gate};
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::{Duration, Instant};

const MESSAGES: &str = "/v1/messages";

async fn plant() -> Plant {
    Plant::with_keys(1).await
}

/// With answers that run on for this long while nobody reads them.
async fn plant_that_gives_up(unread: Duration) -> Plant {
    let settings = DoorSettings { unread, ..brief() };
    Plant::with(1, settings).await
}

/// Sends a request under a key.
async fn send(
    plant: &Plant,
    token: &str,
    path: &str,
    body: &Value,
    key: &str,
) -> http::Response<Incoming> {
    let headers = [("idempotency-key", key)];
    plant.send(token, path, body, &headers).await
}

/// The same, read to its end.
async fn ask(plant: &Plant, token: &str, path: &str, body: &Value, key: &str) -> Answer {
    Answer::read(send(plant, token, path, body, key).await).await
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

/// What two answers must have in common: all but their own ids and times.
fn assert_same(one: &Answer, other: &Answer) {
    assert_eq!(one.status, other.status);
    assert_eq!(one.text, other.text);
    assert_eq!(one.complete, other.complete);
    let own = ["x-request-id", "date", "idempotency-replayed"];
    for (name, value) in &one.headers {
        if !own.contains(&name.as_str()) {
            assert_eq!(Some(value), other.headers.get(name), "{name}");
        }
    }
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn a_complete_answer_is_given_again_from_memory() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    for (path, body) in [
        (MESSAGES, message(false)),
        (MESSAGES, message(true)),
        ("/v1/chat/completions", chat(false)),
        ("/v1/chat/completions", chat(true)),
        ("/v1/responses", response(false)),
        ("/v1/responses", response(true)),
    ] {
        let before = plant.provider.seen().len();
        let key = format!("stainless-node-retry-{}", body["stream"]);
        let first = ask(&plant, &token, path, &body, &key).await;
        assert_eq!(first.status, 200, "{path}: {}", first.text);
        assert!(first.complete && !is_replayed(&first), "{path}");
        for written in [key.clone(), format!("\"{key}\"")] {
            let again = ask(&plant, &token, path, &body, &written).await;
            assert!(is_replayed(&again), "{path}");
            assert_same(&first, &again);
        }
        let seen = plant.provider.seen();
        assert_eq!(seen.len(), before + 1, "{path}");
        assert_eq!(seen[before].header("idempotency-key"), "", "{path}");
    }
    plant.all_leases_back().await;
}

#[tokio::test]
async fn whoever_comes_while_it_runs_reads_along_from_the_beginning() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    for stream in [true, false] {
        let gate = Gate::closed();
        let held = if stream {
            Upstream::ok().held_after(5, &gate)
        } else {
            Upstream::ok().held_by(&gate)
        };
        plant.provider.anyone().script([held]);
        let body = message(stream);
        let key = format!("k-{stream}");
        let calls = (0..50).map(|_| ask(&plant, &token, MESSAGES, &body, &key));
        let opened = async {
            plant.until(|plant| plant.in_flight() == 1).await;
            // Time for the others to come too; whoever is later reads what is kept.
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(plant.in_flight(), 1);
            gate.open();
        };
        let (answers, ()) = tokio::join!(join_all(calls), opened);
        let replayed = answers.iter().filter(|answer| is_replayed(answer)).count();
        assert_eq!(replayed, 49, "stream: {stream}");
        let first = answers.iter().find(|answer| !is_replayed(answer)).unwrap();
        for answer in answers.iter().filter(|answer| is_replayed(answer)) {
            assert_same(first, answer);
        }
        assert!(first.complete && first.status == 200);
    }
    assert_eq!(plant.provider.seen().len(), 2, "one call for each fifty");
    plant.all_leases_back().await;
}

#[tokio::test]
async fn pieces_come_live_to_whoever_reads_along() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    let gate = Gate::closed();
    let held = Upstream::ok().held_after(5, &gate);
    plant.provider.anyone().script([held]);
    let body = message(true);
    let first = send(&plant, &token, MESSAGES, &body, "k").await;
    let mut along = send(&plant, &token, MESSAGES, &body, "k").await;
    let mut text = Vec::new();
    while !text.windows(19).any(|part| part == b"content_block_delta") {
        let frame = along.body_mut().frame().await.unwrap().unwrap();
        text.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    gate.open();
    text.extend_from_slice(Answer::read(along).await.text.as_bytes());
    assert_eq!(text, Answer::read(first).await.text.as_bytes());
}

#[tokio::test]
async fn a_reader_that_leaves_finds_the_whole_answer_when_it_comes_back() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    for stream in [true, false] {
        let before = plant.provider.seen().len();
        let gate = Gate::closed();
        let held = if stream {
            Upstream::ok().held_after(5, &gate)
        } else {
            Upstream::ok().held_by(&gate)
        };
        plant.provider.anyone().script([held]);
        let body = message(stream);
        let key = format!("k-{stream}");
        let called = Cell::new(false);
        let leaver = async {
            let mut answer = send(&plant, &token, MESSAGES, &body, &key).await;
            answer.body_mut().frame().await.unwrap().unwrap();
            called.set(true);
            std::future::pending::<()>().await;
        };
        plant
            .hangs_up(leaver, |plant| {
                called.get() || (!stream && plant.provider.seen().len() > before)
            })
            .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(plant.in_flight(), 1, "it runs on");
        gate.open();
        let whole = ask(&plant, &token, MESSAGES, &body, &key).await;
        assert!(is_replayed(&whole) && whole.complete);
        if stream {
            assert!(whole.text.contains("event: message_start"));
            assert!(whole.text.contains("event: message_stop"));
        }
        let seen = plant.provider.seen();
        assert_eq!(seen.len(), before + 1, "stream: {stream}");
        assert_eq!(seen[before].ending, Ending::Complete);
    }
    plant.all_leases_back().await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_cut_in_the_end_and_then_made_anew() {
    let unread = Duration::from_millis(400);
    let plant = plant_that_gives_up(unread).await;
    let token = plant.agent("mayor").await;
    let held = Upstream::ok().held_after(5, &Gate::closed());
    plant.provider.anyone().script([held]);
    let mut answer = send(&plant, &token, MESSAGES, &message(true), "k").await;
    answer.body_mut().frame().await.unwrap().unwrap();
    let left = Instant::now();
    drop(answer);
    plant.all_leases_back().await;
    assert!(left.elapsed() >= unread, "it runs on for a while");
    let seen = plant
        .provider
        .seen_when(|seen| seen[0].ending != Ending::Open);
    assert_eq!(seen.await[0].ending, Ending::ClientLeft);
    let anew = ask(&plant, &token, MESSAGES, &message(true), "k").await;
    assert!(anew.complete && !is_replayed(&anew));
    assert_eq!(plant.provider.seen().len(), 2);
}

#[tokio::test]
async fn another_body_under_the_key_is_refused_in_the_clients_protocol() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    for (path, body) in [
        (MESSAGES, message(false)),
        ("/v1/chat/completions", chat(true)),
        ("/v1/responses", response(false)),
    ] {
        assert_eq!(ask(&plant, &token, path, &body, "k").await.status, 200);
        let mut other = body.clone();
        other["temperature"] = json!(0.5);
        for other_path in [path.to_owned(), format!("{path}?beta=true")] {
            let asked = if other_path == path { &other } else { &body };
            let refused = ask(&plant, &token, &other_path, asked, "k").await;
            assert_eq!(refused.status, 422, "{path}: {}", refused.text);
            assert_eq!(refused.header("x-should-retry"), "false");
            let error = &refused.json()["error"];
            assert_eq!(error["type"], "invalid_request_error", "{error}");
            let told = error["message"].as_str().unwrap();
            assert!(told.contains("another body"), "{told}");
        }
        let again = ask(&plant, &token, path, &body, "k").await;
        assert!(is_replayed(&again), "the first one's answer is still there");
    }
    assert_eq!(plant.provider.seen().len(), 3);
}

#[tokio::test]
async fn a_header_that_is_no_key_is_refused_and_costs_nothing() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    let long = "k".repeat(256);
    for value in ["", "\"\"", "a b", "a, b", "\"open", &long] {
        let refused = ask(&plant, &token, MESSAGES, &message(true), value).await;
        assert_eq!(refused.status, 400, "{value:?}: {}", refused.text);
        assert_eq!(refused.header("x-should-retry"), "false");
        assert!(refused.text.contains("Idempotency-Key"), "{}", refused.text);
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "a")];
    let refused = plant.send(&token, MESSAGES, &message(true), &twice).await;
    assert_eq!(refused.status(), 400);
    assert!(plant.provider.seen().is_empty());
}

#[tokio::test]
async fn what_failed_is_made_anew_so_that_it_can_succeed() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    for failure in [
        Upstream::error(
            400,
            portunus_testkit::provider::answer::ErrorKind::InvalidRequest,
        ),
        Upstream::ok().dies_after(6),
        Upstream::ok().errors_after(6),
    ] {
        let before = plant.provider.seen().len();
        plant.provider.anyone().script([failure]);
        let key = format!("k-{before}");
        let failed = ask(&plant, &token, MESSAGES, &message(true), &key).await;
        assert!(failed.status != 200 || !failed.complete, "{}", failed.text);
        let again = ask(&plant, &token, MESSAGES, &message(true), &key).await;
        assert!(again.status == 200 && again.complete, "{}", again.text);
        assert!(!is_replayed(&again));
        assert_eq!(plant.provider.seen().len(), before + 2);
    }
}

#[tokio::test]
async fn an_agent_shares_with_itself_alone() {
    let plant = plant().await;
    let (mayor, scribe) = (plant.agent("mayor").await, plant.agent("scribe").await);
    let first = ask(&plant, &mayor, MESSAGES, &message(true), "k").await;
    let others = ask(&plant, &scribe, MESSAGES, &message(true), "k").await;
    let counted = ask(
        &plant,
        &mayor,
        "/v1/messages/count_tokens",
        &message(true),
        "k",
    )
    .await;
    for answer in [&first, &others, &counted] {
        assert!(answer.status == 200 && !is_replayed(answer), "{answer:?}");
    }
    assert_eq!(plant.provider.seen().len(), 3);
}

#[tokio::test]
async fn nothing_passes_to_a_new_agent_of_the_name() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    ask(&plant, &token, MESSAGES, &message(true), "k").await;
    agents::delete(&plant.plane, plant.operator, "mayor".into())
        .await
        .unwrap();
    let refused = ask(&plant, &token, MESSAGES, &message(true), "k").await;
    assert_eq!(refused.status, 401);
    let token = plant.agent("mayor").await;
    let anew = ask(&plant, &token, MESSAGES, &message(true), "k").await;
    assert!(anew.status == 200 && !is_replayed(&anew));
}

#[tokio::test]
async fn one_call_is_charged_once_and_each_request_is_accounted_for() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    let target = || Target::Agent("mayor".into());
    let requests = Quantity::Requests(Window::Total);
    let requests = set(&plant, target(), requests, 1).await;
    let tokens = set(&plant, target(), Quantity::Tokens(Window::Total), 100_000).await;
    let gate = Gate::closed();
    let held = Upstream::ok().held_after(5, &gate);
    plant.provider.anyone().script([held]);
    let body = message(true);
    let calls = (0..5).map(|_| ask(&plant, &token, MESSAGES, &body, "k"));
    let opened = async {
        plant.until(|plant| plant.in_flight() == 1).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        gate.open();
    };
    let (mut answers, ()) = tokio::join!(join_all(calls), opened);
    answers.push(ask(&plant, &token, MESSAGES, &body, "k").await);
    answers.sort_by_key(is_replayed);
    let first = plant.decision(&answers[0]).await;
    assert_eq!(first.attempts().count(), 1);
    let used = first.usage.unwrap().total();
    for answer in &answers[1..] {
        assert!(answer.complete && answer.status == 200, "{}", answer.text);
        let shared = plant.decision(answer).await;
        assert_eq!((shared.outcome, shared.status), (Outcome::Served, 200));
        assert_eq!((shared.usage, shared.cost), (None, None));
        assert_eq!(shared.model, first.model);
        let [Step::Repeated { original, .. }] = shared.steps[..] else {
            panic!("{shared:?}");
        };
        assert_eq!(original, first.id);
    }
    assert_eq!(settled(&plant, &requests).await, 1);
    assert_eq!(settled(&plant, &tokens).await, used);
    let refused = ask(&plant, &token, MESSAGES, &body, "another").await;
    assert_eq!(refused.status, 429, "the budget is spent");
}

async fn revoke(plant: &Plant, token: &str) {
    let session = plant.plane.authenticate_text(token);
    let kid = session.await.unwrap().kid;
    tokens::revoke(&plant.plane, plant.operator, kid, tokens::Force::Yes)
        .await
        .unwrap();
}

/// Two tokens of one agent that both work.
async fn two_tokens(plant: &Plant) -> (String, String) {
    let old = plant.agent("mayor").await;
    let overlap = tokens::rotate::Overlap::default();
    let rotated = tokens::rotate(&plant.plane, plant.operator, "mayor".into(), overlap);
    (old, rotated.await.unwrap().token.expose().to_owned())
}

#[tokio::test]
async fn p5_a_revoked_reader_is_cut_and_the_other_reads_on() {
    for (path, body) in [
        (MESSAGES, message(true)),
        ("/v1/responses", response(true)),
        ("/v1/chat/completions", chat(true)),
    ] {
        for revoked_is_first in [true, false] {
            let plant = plant().await;
            let (first, second) = two_tokens(&plant).await;
            let gate = Gate::closed();
            let held = Upstream::ok().held_after(5, &gate);
            plant.provider.anyone().script([held]);
            let mut answers = vec![
                send(&plant, &first, path, &body, "k").await,
                send(&plant, &second, path, &body, "k").await,
            ];
            let (leaver, revoked) = if revoked_is_first {
                (answers.remove(0), &first)
            } else {
                (answers.remove(1), &second)
            };
            let began = Instant::now();
            revoke(&plant, revoked).await;
            let told = Answer::read(leaver).await;
            assert!(began.elapsed() < SOON);
            assert!(!told.complete);
            let why = "was revoked";
            assert!(told.text.contains(why), "{path}: {}", told.text);
            gate.open();
            let whole = Answer::read(answers.remove(0)).await;
            assert!(whole.complete && !whole.text.contains(why), "{path}");
            assert_eq!(plant.provider.seen().len(), 1);
        }
    }
}

#[tokio::test]
async fn p5_no_answer_runs_on_for_a_credential_that_ended() {
    let plant = plant().await;
    let token = plant.agent("mayor").await;
    let held = Upstream::ok().held_after(5, &Gate::closed());
    plant.provider.anyone().script([held]);
    let mut answer = send(&plant, &token, MESSAGES, &message(true), "k").await;
    answer.body_mut().frame().await.unwrap().unwrap();
    drop(answer);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(plant.in_flight(), 1);
    let began = Instant::now();
    revoke(&plant, &token).await;
    plant.all_leases_back().await;
    assert!(began.elapsed() < Duration::from_millis(300));
}

#[tokio::test]
async fn p10_an_answer_runs_on_unread_for_as_long_as_its_client_says_and_no_longer_than_usual() {
    let usual = Duration::from_secs(5);
    let plant = plant_that_gives_up(usual).await;
    let token = plant.agent("mayor").await;
    for (seconds, runs_on) in [("0", false), ("3600", true)] {
        let held = Upstream::ok().held_after(5, &Gate::closed());
        plant.provider.anyone().script([held]);
        let headers = [
            ("idempotency-key", seconds),
            ("x-portunus-unread-s", seconds),
        ];
        let mut answer = plant.send(&token, MESSAGES, &message(true), &headers).await;
        answer.body_mut().frame().await.unwrap().unwrap();
        let left = Instant::now();
        drop(answer);
        plant.all_leases_back().await;
        assert_eq!(left.elapsed() >= usual, runs_on, "{seconds}");
    }
    let odd = [("idempotency-key", "k"), ("x-portunus-unread-s", "soon")];
    let refused = plant.send(&token, MESSAGES, &message(true), &odd).await;
    assert_eq!(refused.status().as_u16(), 400);
}
