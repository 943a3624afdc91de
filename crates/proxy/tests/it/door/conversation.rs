//! Healthy conversations: what the client sends arrives as it was, what the provider answers comes back.

use super::plant::Plant;
use super::{chat, message, response};
use portunus_app::agents;
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
