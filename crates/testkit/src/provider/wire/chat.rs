//! Chat Completions: a completion, and the chunks that stream it.

use super::{count, data_event, pieces};
use crate::provider::asked::{Asked, ToolCall};
use bytes::Bytes;
use serde_json::{Value, json};

/// A moment without meaning, the same in every answer.
pub(super) const CREATED: u64 = 1_793_491_200;

fn tool_call(asked: &Asked, call: &ToolCall) -> Value {
    json!({
        "id": format!("call_fake{:08}", asked.number), "type": "function",
        "function": {"name": call.name, "arguments": call.input.to_string()},
    })
}

fn usage(asked: &Asked, output: u64) -> Value {
    json!({
        "prompt_tokens": asked.input_tokens, "completion_tokens": output,
        "total_tokens": asked.input_tokens.saturating_add(output),
    })
}

/// The whole completion.
pub(super) fn completion(asked: &Asked) -> Value {
    let reply = asked.reply();
    let (message, reason) = match asked.tool_call() {
        Some(call) => (
            json!({"role": "assistant", "content": null, "refusal": null,
                   "tool_calls": [tool_call(asked, &call)]}),
            "tool_calls",
        ),
        None => (
            json!({"role": "assistant", "content": reply, "refusal": null}),
            "stop",
        ),
    };
    json!({
        "id": format!("chatcmpl-fake{:08}", asked.number), "object": "chat.completion",
        "created": CREATED, "model": asked.model(), "system_fingerprint": "fp_fake",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": reason}],
        "usage": usage(asked, count(pieces(&reply).len())),
    })
}

/// The same as chunks: the role, the pieces, the reason, the usage when asked for, `[DONE]`.
pub(super) fn stream(asked: &Asked) -> Vec<Bytes> {
    let reply = asked.reply();
    let (mut deltas, reason) = match asked.tool_call() {
        Some(call) => (tool_deltas(asked, &call), "tool_calls"),
        None => (text_deltas(&reply), "stop"),
    };
    let output = count(deltas.len());
    deltas.insert(
        0,
        json!({"role": "assistant", "content": "", "refusal": null}),
    );
    let wants_usage = asked.flag("/stream_options/include_usage");
    let mut events: Vec<Bytes> = deltas
        .iter()
        .map(|delta| {
            chunk(
                asked,
                &choice(delta, None),
                wants_usage.then_some(Value::Null),
            )
        })
        .collect();
    events.push(chunk(
        asked,
        &choice(&json!({}), Some(reason)),
        wants_usage.then_some(Value::Null),
    ));
    if wants_usage {
        events.push(chunk(asked, &json!([]), Some(usage(asked, output))));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn text_deltas(reply: &str) -> Vec<Value> {
    pieces(reply)
        .into_iter()
        .map(|piece| json!({"content": piece}))
        .collect()
}

/// The call's head first, then its arguments.
fn tool_deltas(asked: &Asked, call: &ToolCall) -> Vec<Value> {
    vec![
        json!({"tool_calls": [{
            "index": 0, "id": format!("call_fake{:08}", asked.number), "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": call.input.to_string()}}]}),
    ]
}

fn choice(delta: &Value, reason: Option<&str>) -> Value {
    json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}])
}

fn chunk(asked: &Asked, choices: &Value, usage: Option<Value>) -> Bytes {
    let mut event = json!({
        "id": format!("chatcmpl-fake{:08}", asked.number), "object": "chat.completion.chunk",
        "created": CREATED, "model": asked.model(), "system_fingerprint": "fp_fake",
        "choices": choices,
    });
    if let (Some(usage), Some(fields)) = (usage, event.as_object_mut()) {
        fields.insert("usage".to_owned(), usage);
    }
    data_event(&event)
}
