//! Upstreams that die, lie, redirect or never answer: a clear error in the protocol's own shape, and nothing is leaked.

use super::plant::{Plant, impatient};
use super::{chat, message, response};
use portunus_testkit::Answer;
use portunus_testkit::provider::answer::ErrorKind;
use serde_json::json;

fn failures() -> Vec<(&'static str, Answer)> {
    vec![
        ("dies before headers", Answer::dies_before_headers()),
        ("garbage under 200", Answer::html(200)),
        ("invalid JSON under 200", Answer::invalid_json()),
        ("a page under 502", Answer::html(502)),
        (
            "redirect",
            Answer::redirect("http://169.254.169.254/latest/meta-data"),
        ),
        ("gzip bomb", Answer::gzip_bomb(64 * 1024 * 1024)),
        ("never answers", Answer::never()),
        ("internal error", Answer::error(500, ErrorKind::Internal)),
    ]
}

#[tokio::test]
async fn p7_any_key_can_serve_so_one_bad_answer_is_replaced() {
    let plant = Plant::with(2, impatient()).await;
    for (number, (name, answer)) in failures().into_iter().enumerate() {
        let token = plant.agent(&format!("agent-{number}")).await;
        for body in [message(false), message(true)] {
            plant.provider.anyone().script([answer.clone()]);
            let answer = plant.call(&token, "/v1/messages", &body).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text);
            assert!(answer.complete, "{name}");
        }
    }
    let followed = |path: &str| path.contains("meta-data");
    assert!(
        plant
            .provider
            .seen()
            .iter()
            .all(|seen| !followed(&seen.path))
    );
    plant.all_leases_back().await;
}

#[tokio::test]
async fn an_upstream_that_stays_bad_is_told_in_the_protocols_shape() {
    let plant = Plant::with(2, impatient()).await;
    for (number, (name, bad)) in failures().into_iter().enumerate() {
        let token = plant.agent(&format!("agent-{number}")).await;
        plant.provider.anyone().always(bad);
        let answer = plant.call(&token, "/v1/messages", &message(false)).await;
        assert!(
            answer.status.is_server_error(),
            "{name}: {} {}",
            answer.status,
            answer.text
        );
        assert_eq!(answer.json()["type"], "error", "{name}: {}", answer.text);
        let answer = plant
            .call(&token, "/v1/chat/completions", &chat(false))
            .await;
        assert!(
            answer.status.is_server_error(),
            "{name}: {} {}",
            answer.status,
            answer.text
        );
        assert!(
            answer.json()["error"]["message"].is_string(),
            "{name}: {}",
            answer.text
        );
        assert!(!answer.text.contains("sk-"), "{name}");
    }
    plant.all_leases_back().await;
}

#[tokio::test]
async fn a_stream_that_breaks_ends_in_an_error_event_and_never_cleanly() {
    let plant = Plant::with(2, impatient()).await;
    let breaks = [
        ("dies", Answer::ok().dies_after(5)),
        ("ends early", Answer::ok().ends_after(5)),
        ("falls silent", Answer::ok().silent_after(5)),
        ("errors", Answer::ok().errors_after(5)),
    ];
    // Five chunks are not all of it: a chat that has given its reason is whole.
    let mut long = chat(true);
    long["messages"][0]["content"] = json!("more words than five chunks hold");
    for (name, answer) in breaks {
        for (path, body, sign) in [
            ("/v1/messages", message(true), "event: error"),
            ("/v1/chat/completions", long.clone(), "data: {\"error\""),
            ("/v1/responses", response(true), "response.failed"),
        ] {
            let token = plant.agent(&format!("a{}", rand_slug())).await;
            plant.provider.anyone().script([answer.clone()]);
            let told = plant.call(&token, path, &body).await;
            assert_eq!(told.status, 200, "{name} {path}: {}", told.text);
            let own =
                name == "errors" && path == "/v1/responses" && told.text.contains("event: error");
            assert!(
                told.text.contains(sign) || own,
                "{name} {path}: {}",
                told.text
            );
            // A response may end with its error; of the others a clean end would pass for success.
            let may_end = name == "errors" && path == "/v1/responses";
            assert_eq!(told.complete, may_end, "{name} {path}");
        }
    }
    plant.all_leases_back().await;
}

fn rand_slug() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

#[tokio::test]
async fn p11_a_key_that_the_upstream_repeats_stays_behind_the_door() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let echo = json!({"type": "error", "error": {"type": "invalid_request_error",
        "message": "bad request with key sk-1"}});
    for answer in [
        Answer::status(400).json(&echo),
        Answer::status(400)
            .json(&json!({}))
            .header("x-echo", "sk-1"),
        Answer::status(200).json(&json!({"echo": "sk-1"})),
        Answer::ok().header("x-api-key", "sk-1"),
    ] {
        plant.provider.anyone().script([answer]);
        let answer = plant.call(&token, "/v1/messages", &message(false)).await;
        assert!(!answer.text.contains("sk-1"), "{}", answer.text);
        assert!(
            !format!("{:?}", answer.headers).contains("sk-1"),
            "{:?}",
            answer.headers
        );
    }
}

#[tokio::test]
async fn p11_a_key_that_a_stream_quotes_reaches_neither_agent_nor_record() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":1}}}\n\n";
    let word = |text: &str| {
        let delta = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
        format!("event: content_block_delta\ndata: {delta}\n\n")
    };
    let error = |kind: &str, said: &str| {
        format!(
            "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":\"the key {said} failed\"}}}}\n\n"
        )
    };
    let escaped = "\\u0073\\u006b\\u002d\\u0031";
    for (stream, sign) in [
        (
            error("invalid_request_error", "sk-1"),
            "the key [provider key] failed",
        ),
        (
            error("invalid_request_error", escaped),
            "the key [provider key] failed",
        ),
        (
            [start, &word("a"), &error("overloaded_error", "sk-1")].concat(),
            "the key [provider key] failed",
        ),
        (
            [start, &word("look: sk-1")].concat(),
            "look: [provider key]",
        ),
    ] {
        let answer = Answer::status(200)
            .header("content-type", "text/event-stream")
            .body(stream);
        plant.provider.anyone().script([answer]);
        let answer = plant.call(&token, "/v1/messages", &message(true)).await;
        assert!(answer.text.contains(sign), "{}", answer.text);
        assert!(!answer.text.contains("sk-1"), "{}", answer.text);
        let kept = plant.decision(&answer).await;
        let kept = format!("{kept:?}");
        assert!(!kept.contains("key sk-1"), "{kept}");
    }
}

#[tokio::test]
async fn p11_a_secret_in_the_wrong_place_goes_nowhere() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let said = token.clone();
    let answer = plant
        .call(&token, &format!("/v1/models/{said}"), &json!({}))
        .await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let by_numbers = format!("/v1/messages?x=%70{}", said.get(1..).unwrap());
    let answer = plant.call(&token, &by_numbers, &message(false)).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let mut as_model = message(false);
    as_model["model"] = said.as_str().into();
    let answer = plant.call(&token, "/v1/messages", &as_model).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(!answer.text.contains(&said), "{}", answer.text);
    assert!(plant.provider.seen().is_empty());
}

#[tokio::test]
async fn the_clients_fault_inside_a_stream_is_told_in_the_upstreams_own_event() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let failed = "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\"}}\n\nevent: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":1,\"response\":{\"id\":\"resp_1\",\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"Your input exceeds the context window\"}}}\n\n";
    let stream = Answer::status(200)
        .header("content-type", "text/event-stream")
        .body(failed);
    plant.provider.anyone().script([stream]);
    let answer = plant.call(&token, "/v1/responses", &response(true)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text, failed);
    assert_eq!(plant.provider.seen().len(), 1);
}

#[tokio::test]
async fn an_upstream_that_only_pings_is_not_held_for_ever() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let pings = "event: ping\ndata: {\"type\": \"ping\"}\n\n".repeat(3_000);
    let stream = Answer::status(200)
        .header("content-type", "text/event-stream")
        .body(pings.clone());
    plant.provider.anyone().script([stream]);
    let answer = plant.call(&token, "/v1/messages", &message(true)).await;
    assert!(answer.text.starts_with(&pings), "{}", answer.text.len());
    assert!(answer.text.contains("event: error") && !answer.complete);
}

#[tokio::test]
async fn bytes_may_be_cut_anywhere() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let whole = plant.call(&token, "/v1/messages", &message(true)).await;
    plant.provider.anyone().script([Answer::ok().cut_every(3)]);
    let cut = plant.call(&token, "/v1/messages", &message(true)).await;
    assert!(cut.complete);
    assert_eq!(
        cut.text.matches("event:").count(),
        whole.text.matches("event:").count()
    );
}

#[tokio::test]
async fn a_long_fault_of_the_clients_comes_back_whole_or_says_that_it_was_cut() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let fault = |length: usize| json!({"type": "error", "error": {"type": "invalid_request_error", "message": "m".repeat(length)}});
    for length in [60_000, 70_000, 1_000_000] {
        let fault = fault(length);
        let whole = Answer::status(400).json(&fault);
        plant.provider.anyone().script([whole]);
        let answer = plant.call(&token, "/v1/messages", &message(false)).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json(), fault, "{length}");
    }
    let too_long = Answer::status(400).json(&fault(1_100_000));
    plant.provider.anyone().script([too_long]);
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("was cut off"), "{}", answer.text);
}

#[tokio::test]
async fn an_answer_that_nothing_has_changed_is_no_redirect() {
    let plant = Plant::with(1, impatient()).await;
    let token = plant.agent("mayor").await;
    plant.provider.anyone().always(Answer::status(304));
    let answer = plant.call(&token, "/v1/messages", &message(false)).await;
    assert_eq!(answer.status, 502);
    assert!(
        answer.text.contains("not of its protocol"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn the_clients_own_fault_comes_back_as_the_provider_told_it() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    let fault = json!({"type": "error", "error": {"type": "invalid_request_error",
        "message": "prompt is too long: 300000 tokens > 200000 maximum"}});
    plant
        .provider
        .anyone()
        .script([Answer::status(400).json(&fault)]);
    let answer = plant.call(&token, "/v1/messages", &message(true)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json(), fault);
    assert_eq!(plant.provider.seen().len(), 1);
}
