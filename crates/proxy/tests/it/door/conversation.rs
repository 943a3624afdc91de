//! Healthy conversations: what the client sends arrives as it was, what the provider answers comes back.

use super::plant::Plant;
use super::{chat, message, response};
use portunus_app::agents;
use portunus_testkit::Answer;
use serde_json::{Value, json};

#[tokio::test]
async fn every_endpoint_is_served_in_its_protocol() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    for (path, body) in [
        ("/v1/messages", message(false)),
        ("/v1/messages?beta=true", message(false)),
        (
            "/v1/messages/count_tokens",
            json!({"model": "claude-sonnet-4-5", "messages": []}),
        ),
        ("/v1/chat/completions", chat(false)),
        ("/v1/responses", response(false)),
        (
            "/v1/responses/input_tokens",
            json!({"model": "gpt-5", "input": "hello"}),
        ),
        (
            "/v1/embeddings",
            json!({"model": "text-embedding-3-small", "input": "hello"}),
        ),
    ] {
        let answer = plant.call(&token, path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(answer.json().is_object(), "{path}");
        assert!(answer.header("x-request-id").starts_with("req_"), "{path}");
    }
    let seen = plant.provider.seen();
    assert_eq!(seen[1].path, "/v1/messages?beta=true");
    assert!(
        seen.iter()
            .all(|request| request.key.as_deref() == Some("sk-1"))
    );
    assert!(
        seen.iter()
            .all(|request| !format!("{:?}", request.headers).contains("ptna_"))
    );
}

#[tokio::test]
async fn streams_arrive_whole_and_end_cleanly() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    for (path, body, last) in [
        ("/v1/messages", message(true), "message_stop"),
        ("/v1/chat/completions", chat(true), "[DONE]"),
        ("/v1/responses", response(true), "response.completed"),
    ] {
        let answer = plant.call(&token, path, &body).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer
                .header("content-type")
                .starts_with("text/event-stream"),
            "{path}"
        );
        assert!(
            answer.complete && answer.text.contains(last),
            "{path}: {}",
            answer.text
        );
        assert!(
            !answer.text.contains("\"error\":{"),
            "{path}: {}",
            answer.text
        );
    }
    plant.all_leases_back().await;
}

#[tokio::test]
async fn the_body_passes_byte_for_byte() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let body: Value = serde_json::from_str(
        r#"{"messages":[{"role":"system","content":"é \u00e9"}],"zeta":1.10,"model":"claude-sonnet-4-5","max_tokens":1}"#,
    )
    .unwrap();
    plant.call(&token, "/v1/messages", &body).await;
    assert_eq!(plant.provider.seen()[0].body, body.to_string());
}

#[tokio::test]
async fn usage_is_asked_for_in_chat_streams_and_its_chunk_is_kept_from_the_client() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let answer = plant
        .call(&token, "/v1/chat/completions", &chat(true))
        .await;
    let sent = plant.provider.seen()[0].json();
    assert_eq!(sent["stream_options"]["include_usage"], true);
    assert!(!answer.text.contains("\"choices\":[]"), "{}", answer.text);
    let mut asking = chat(true);
    asking["stream_options"] = json!({"include_usage": true});
    let answer = plant.call(&token, "/v1/chat/completions", &asking).await;
    assert!(answer.text.contains("\"choices\":[]"), "{}", answer.text);
    assert_eq!(plant.provider.seen()[1].body, asking.to_string());
}

#[tokio::test]
async fn a_chunk_that_only_we_asked_for_is_kept_from_the_client_whatever_it_says() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let first = r#"{"choices":[],"prompt_filter_results":[],"usage":null}"#;
    let last = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    for usage in [
        "{}",
        "null",
        "[]",
        r#""x""#,
        r#"{"prompt_tokens":NaN}"#,
        r#"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#,
    ] {
        let extra = format!(r#"{{"choices":[],"usage":{usage}}}"#);
        let chunks = [first, last, &extra, "[DONE]"].map(|data| format!("data: {data}\n\n"));
        let stream = Answer::status(200).header("content-type", "text/event-stream");
        plant
            .provider
            .anyone()
            .script([stream.body(chunks.concat())]);
        let path = "/v1/chat/completions";
        let answer = plant.call(&token, path, &chat(true)).await;
        let [first, last, _, done] = chunks;
        assert_eq!(answer.text, [first, last, done].concat(), "{usage}");
    }
}

#[tokio::test]
async fn a_stored_response_is_continued_on_its_own_key_and_by_its_own_agent() {
    let plant = Plant::with_keys(3).await;
    let token = plant.agent("mayor").await;
    let first = plant
        .call(&token, "/v1/responses", &response(false))
        .await
        .json();
    let made_by = plant.provider.seen()[0].key.clone();
    let mut next = response(false);
    next["previous_response_id"] = first["id"].clone();
    for _ in 0..4 {
        assert_eq!(plant.call(&token, "/v1/responses", &next).await.status, 200);
    }
    assert!(
        plant
            .provider
            .seen()
            .iter()
            .all(|request| request.key == made_by)
    );
    let other = plant.agent("clerk").await;
    let answer = plant.call(&other, "/v1/responses", &next).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
}

/// A whole message, a streamed one and a whole response that were made in a container.
fn made_in(container: &str) -> [Answer; 3] {
    let used = json!({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2});
    let whole = json!({"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "c",
        "usage": used, "container": {"id": container}});
    let start = json!({"type": "message_start",
        "message": {"id": "msg_1", "usage": {"input_tokens": 1}, "container": null}});
    let delta = json!({"type": "message_delta", "usage": {"output_tokens": 1},
        "delta": {"stop_reason": "end_turn", "container": {"id": container}}});
    let stop = json!({"type": "message_stop"});
    let stream = [
        ("message_start", start),
        ("message_delta", delta),
        ("message_stop", stop),
    ]
    .map(|(name, data)| format!("event: {name}\ndata: {data}\n\n"));
    let call = json!({"id": "ci_1", "type": "code_interpreter_call", "container_id": container});
    let response = json!({"id": "resp_1", "object": "response", "status": "completed", "output": [call],
        "usage": used});
    [
        Answer::status(200).json(&whole),
        Answer::status(200)
            .header("content-type", "text/event-stream")
            .body(stream.concat()),
        Answer::status(200).json(&response),
    ]
}

#[tokio::test]
async fn p7_a_container_is_used_again_on_its_own_key_and_by_its_own_agent() {
    let plant = Plant::with_keys(3).await;
    let (token, other) = (plant.agent("mayor").await, plant.agent("clerk").await);
    let asked = [
        ("/v1/messages", message(false), "container", json!("c_0")),
        (
            "/v1/messages",
            message(true),
            "container",
            json!({"id": "c_1"}),
        ),
        (
            "/v1/responses",
            response(false),
            "tools",
            json!([{"type": "code_interpreter", "container": "c_2"}]),
        ),
    ];
    for (number, (path, first, field, named)) in asked.into_iter().enumerate() {
        let [message, stream, response] = made_in(&format!("c_{number}"));
        let made = match (path, number) {
            ("/v1/responses", _) => response,
            (_, 0) => message,
            _ => stream,
        };
        let mut next = first.clone();
        next[field] = named;
        let before = plant.provider.seen().len();
        plant.provider.anyone().script([made]);
        let answer = plant.call(&token, path, &first).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        for _ in 0..4 {
            assert_eq!(plant.call(&token, path, &next).await.status, 200);
        }
        let refused = plant.call(&other, path, &next).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(
            refused.text.contains("not made for this agent"),
            "{}",
            refused.text
        );
        let seen = plant.provider.seen().split_off(before);
        assert_eq!(seen.len(), 5, "nothing went upstream");
        assert!(seen.iter().all(|one| one.key == seen[0].key), "{path}");
    }
}

#[tokio::test]
async fn p6_a_new_agent_of_an_old_name_does_not_continue_the_old_ones_responses() {
    for is_saved in [false, true] {
        let plant = Plant::with_keys(2).await;
        let old = plant.agent("mayor").await;
        let path = "/v1/responses";
        let first = plant.call(&old, path, &response(false)).await.json();
        let mut next = response(false);
        next["previous_response_id"] = first["id"].clone();
        assert_eq!(plant.call(&old, path, &next).await.status, 200);
        if is_saved {
            plant.plane.flush().await.unwrap();
        }
        agents::delete(&plant.plane, plant.operator, "mayor".into())
            .await
            .unwrap();
        let namesake = plant.agent("mayor").await;
        let seen = plant.provider.seen().len();
        let refused = plant.call(&namesake, path, &next).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(
            refused.text.contains("not made for this agent"),
            "{}",
            refused.text
        );
        assert_eq!(plant.provider.seen().len(), seen, "nothing went upstream");
        assert_eq!(plant.call(&old, path, &next).await.status, 401);
        // What it makes itself it continues.
        let own = plant.call(&namesake, path, &response(false)).await.json();
        next["previous_response_id"] = own["id"].clone();
        assert_eq!(plant.call(&namesake, path, &next).await.status, 200);
    }
}

#[tokio::test]
async fn the_clients_headers_pass_and_the_upstreams_identity_does_not() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let headers = [
        ("anthropic-version", "2026-10-21"),
        ("anthropic-beta", "a,b"),
        ("cookie", "x=1"),
    ];
    let answer = plant
        .send(&token, "/v1/messages", &message(false), &headers)
        .await;
    assert!(
        answer
            .headers()
            .keys()
            .all(|name| !name.as_str().contains("ratelimit"))
    );
    let seen = &plant.provider.seen()[0];
    assert_eq!(seen.header("anthropic-version"), "2026-10-21");
    assert_eq!(seen.header("anthropic-beta"), "a,b");
    assert_eq!(seen.header("accept-encoding"), "identity");
    assert_eq!(seen.header("cookie"), "");
}
