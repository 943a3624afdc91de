//! Healthy answers of every endpoint.

use crate::{post, text};
use portunus_testkit::FakeProvider;
use serde_json::{Value, json};

async fn ask(path: &str, body: Value) -> String {
    let provider = FakeProvider::start().unwrap();
    text(post(&provider, path, "k", &body).await.unwrap())
        .await
        .unwrap()
}

async fn ask_json(path: &str, body: Value) -> Value {
    serde_json::from_str(&ask(path, body).await).unwrap()
}

#[tokio::test]
async fn a_message_tells_back_what_was_said() {
    let turns = json!([{"role": "user", "content": [{"type": "text", "text": "good morning"}]}]);
    let answer = ask_json(
        "/v1/messages?beta=true",
        json!({"model": "claude-sonnet-4-5", "messages": turns}),
    )
    .await;
    assert_eq!(answer["content"][0]["text"], "You said: good morning");
    let stream = ask(
        "/v1/messages",
        json!({"model": "m", "stream": true, "messages": turns}),
    )
    .await;
    assert!(stream.starts_with("event: message_start\ndata: {"));
    assert!(stream.ends_with("\n\n") && stream.contains("event: message_stop"));
}

#[tokio::test]
async fn a_forced_tool_is_called_until_its_result_comes() {
    let tools = json!([{"name": "weather", "input_schema": {
        "type": "object", "properties": {"city": {"type": "string"}}}}]);
    let mut body = json!({"model": "m", "tools": tools, "tool_choice": {"type": "any"},
        "messages": [{"role": "user", "content": "hi"}]});
    let answer = ask_json("/v1/messages", body.clone()).await;
    assert_eq!(answer["content"][0]["input"], json!({"city": "Paris"}));
    body["messages"] = json!([{"role": "user", "content": [{"type": "tool_result"}]}]);
    let answer = ask_json("/v1/messages", body).await;
    assert_eq!(answer["stop_reason"], "end_turn");
}

#[tokio::test]
async fn a_chat_stream_counts_usage_only_when_asked() {
    let mut body = json!({"model": "gpt-5", "stream": true,
        "messages": [{"role": "user", "content": "hi"}]});
    let without = ask("/v1/chat/completions", body.clone()).await;
    assert!(!without.contains("usage") && without.ends_with("data: [DONE]\n\n"));
    body["stream_options"] = json!({"include_usage": true});
    let with = ask("/v1/chat/completions", body).await;
    assert!(with.contains("\"choices\":[]") && with.contains("prompt_tokens"));
}

#[tokio::test]
async fn responses_events_are_numbered_without_gaps() {
    let stream = ask(
        "/prefix/v1/responses",
        json!({"model": "gpt-5", "stream": true, "input": "hi"}),
    )
    .await;
    let numbers: Vec<u64> = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| {
            serde_json::from_str::<Value>(data).unwrap()["sequence_number"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert!(numbers.len() > 8);
    assert!(
        numbers
            .iter()
            .copied()
            .eq(0..u64::try_from(numbers.len()).unwrap())
    );
}

#[tokio::test]
async fn embeddings_come_as_asked() {
    let floats = ask_json("/v1/embeddings", json!({"model": "e", "input": ["a", "b"]})).await;
    assert_eq!(floats["data"][1]["embedding"], json!([0.25, -0.5, 1.0]));
    let coded = ask_json(
        "/v1/embeddings",
        json!({"model": "e", "input": "a", "encoding_format": "base64"}),
    )
    .await;
    assert_eq!(coded["data"][0]["embedding"], "AACAPgAAAL8AAIA/");
}
