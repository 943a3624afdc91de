//! Errors that look like something else: under a success's status, or in a compression that was not asked for. They count
//! as what they are.

use super::plant::Plant;
use super::{chat, message, response};
use portunus_core::provider_key::Quarantine;
use portunus_testkit::Answer;
use portunus_testkit::provider::answer::ErrorKind;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn anthropics(kind: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": "The message."}})
}

fn openais(code: &str) -> Value {
    json!({"error": {"message": "The message.", "type": code, "param": null, "code": code}})
}

/// Every way of asking, with the protocol's own error for want of capacity and for a limit.
fn asked() -> [(&'static str, Value, Value, Value); 6] {
    let overload = || openais("server_error");
    let limit = || openais("rate_limit_exceeded");
    let (messages, busy) = ("/v1/messages", || anthropics("overloaded_error"));
    let limited = || anthropics("rate_limit_error");
    let (chats, responses) = ("/v1/chat/completions", "/v1/responses");
    [
        (messages, message(false), busy(), limited()),
        (messages, message(true), busy(), limited()),
        (chats, chat(false), overload(), limit()),
        (chats, chat(true), overload(), limit()),
        (responses, response(false), overload(), limit()),
        (responses, response(true), overload(), limit()),
    ]
}

/// The attempts that the log tells to have been replaced.
async fn replaced(plant: &Plant) -> usize {
    let actions = plant.actions().await;
    let replaced = actions
        .iter()
        .filter(|action| *action == "attempt.replaced");
    replaced.count()
}

fn gzipped(answer: Answer) -> Answer {
    answer
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(&b"\x1f\x8b no matter what"[..])
}

#[tokio::test]
async fn p7_any_key_can_serve_so_an_error_inside_a_whole_200_is_replaced() {
    let plant = Plant::with_keys(2).await;
    for (number, (path, body, overload, limit)) in asked().into_iter().enumerate() {
        let token = plant.agent(&format!("agent-{number}")).await;
        for error in [overload, limit] {
            let before = plant.provider.seen().len();
            plant
                .provider
                .anyone()
                .script([Answer::status(200).json(&error).header("retry-after", "1")]);
            let answer = plant.call(&token, path, &body).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            assert!(answer.complete, "{path}");
            assert!(!answer.text.contains("The message."), "{}", answer.text);
            assert_eq!(plant.provider.seen().len(), before + 2, "{path}");
        }
    }
    assert_eq!(replaced(&plant).await, 12);
    plant.all_leases_back().await;
}

#[tokio::test]
async fn p8_a_limit_is_believed_exactly_inside_a_200_and_in_a_compression() {
    for disguised in [
        Answer::status(200).json(&anthropics("rate_limit_error")),
        gzipped(Answer::status(429)),
    ] {
        let plant = Plant::with_keys(1).await;
        let token = plant.agent("mayor").await;
        let limited = disguised.header("retry-after", "2");
        plant.provider.key("sk-1").script([limited]);
        let began = Instant::now();
        let answer = plant.call(&token, "/v1/messages", &message(false)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let waited = began.elapsed();
        assert!(waited >= Duration::from_millis(1_900), "{waited:?}");
        assert_eq!(plant.provider.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_dead_key_is_quarantined_whatever_its_401_looks_like() {
    for disguised in [
        Answer::status(200).json(&anthropics("authentication_error")),
        gzipped(Answer::status(401)),
    ] {
        let plant = Plant::with_keys(2).await;
        let token = plant.agent("mayor").await;
        plant.provider.key("sk-1").always(disguised);
        for _ in 0..3 {
            let answer = plant.call(&token, "/v1/messages", &message(false)).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        let pools = plant.plane.pools().all();
        let set_aside = pools
            .iter()
            .flat_map(|pool| pool.status().keys)
            .filter(|key| key.quarantine == Some(Quarantine::CredentialDead))
            .count();
        assert_eq!(set_aside, 1);
    }
}

#[tokio::test]
async fn the_clients_own_fault_inside_a_200_has_the_status_that_it_should_have_had() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    for (kind, status) in [("invalid_request_error", 400), ("not_found_error", 404)] {
        for body in [message(false), message(true)] {
            let before = plant.provider.seen().len();
            let fault = anthropics(kind);
            plant
                .provider
                .anyone()
                .script([Answer::status(200).json(&fault)]);
            let answer = plant.call(&token, "/v1/messages", &body).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (status, fault));
            assert_eq!(plant.provider.seen().len(), before + 1);
        }
    }
}

#[tokio::test]
async fn the_clients_own_fault_in_a_compression_keeps_its_status() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    for (path, body) in [
        ("/v1/messages", message(false)),
        ("/v1/chat/completions", chat(true)),
    ] {
        for status in [400, 404, 413] {
            let before = plant.provider.seen().len();
            plant
                .provider
                .anyone()
                .script([gzipped(Answer::status(status))]);
            let answer = plant.call(&token, path, &body).await;
            assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
            assert!(answer.json()["error"]["message"].is_string());
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.header("content-encoding"), "");
            assert_eq!(answer.header("x-should-retry"), "false");
            assert_eq!(plant.provider.seen().len(), before + 1, "{path} {status}");
        }
    }
}

#[tokio::test]
async fn overload_in_a_compression_is_overload_and_a_success_in_one_is_none() {
    let plant = Plant::with_keys(1).await;
    for (name, disguised, status) in [
        ("busy", gzipped(Answer::overloaded()), 529),
        ("odd", gzipped(Answer::status(200)), 502),
        (
            "failing",
            Answer::error(500, ErrorKind::Internal).header("content-encoding", "br"),
            529,
        ),
    ] {
        let token = plant.agent(name).await;
        plant.provider.anyone().always(disguised);
        let answer = plant.call(&token, "/v1/messages", &message(false)).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.text);
    }
}

#[tokio::test]
async fn what_is_no_answer_of_the_protocol_is_replaced() {
    let plant = Plant::with_keys(2).await;
    let whole = json!({"id": "msg_1", "type": "message", "role": "assistant",
        "content": [{"type": "text", "text": "WHOLE"}]});
    for (number, (path, body, _, _)) in asked().into_iter().enumerate() {
        let token = plant.agent(&format!("agent-{number}")).await;
        let mut odd = vec![json!([]), json!(3), json!("served")];
        if body["stream"] == true {
            // Nobody finds an event in it.
            odd.push(whole.clone());
        }
        for odd in odd {
            plant
                .provider
                .anyone()
                .script([Answer::status(200).json(&odd)]);
            let answer = plant.call(&token, path, &body).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            assert!(answer.text.len() > 20 && !answer.text.contains("WHOLE"));
        }
    }
    plant.all_leases_back().await;
}
