//! Anthropic Messages: a message, and the events that stream it.

use super::{count, named_event, pieces};
use crate::provider::asked::{Asked, ToolCall};
use bytes::Bytes;
use serde_json::{Value, json};

fn id(asked: &Asked) -> String {
    format!("msg_fake{:08}", asked.number)
}

fn tool_block(asked: &Asked, call: &ToolCall, input: &Value) -> Value {
    json!({
        "type": "tool_use", "id": format!("toolu_fake{:08}", asked.number), "name": call.name, "input": input,
    })
}

fn usage(asked: &Asked, output: u64) -> Value {
    json!({
        "input_tokens": asked.input_tokens, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0, "output_tokens": output,
    })
}

/// The whole message.
pub(super) fn message(asked: &Asked) -> Value {
    let reply = asked.reply();
    let (content, reason) = match asked.tool_call() {
        Some(call) => (tool_block(asked, &call, &call.input), "tool_use"),
        None => (json!({"type": "text", "text": reply}), "end_turn"),
    };
    json!({
        "id": id(asked), "type": "message", "role": "assistant", "model": asked.model(),
        "content": [content], "stop_reason": reason, "stop_sequence": null,
        "usage": usage(asked, count(pieces(&reply).len())),
    })
}

/// The same as events: `message_start`, `ping`, one block, `message_delta`, `message_stop`.
pub(super) fn stream(asked: &Asked) -> Vec<Bytes> {
    let reply = asked.reply();
    let call = asked.tool_call();
    let (block, deltas, reason) = match &call {
        Some(call) => (
            tool_block(asked, call, &json!({})),
            tool_deltas(call),
            "tool_use",
        ),
        None => (
            json!({"type": "text", "text": ""}),
            pieces(&reply)
                .into_iter()
                .map(|piece| json!({"type": "text_delta", "text": piece}))
                .collect(),
            "end_turn",
        ),
    };
    let output = count(deltas.len());
    let mut events = vec![
        json!({"type": "message_start", "message": {
            "id": id(asked), "type": "message", "role": "assistant", "model": asked.model(),
            "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage(asked, 1),
        }}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "ping"}),
    ];
    events.extend(
        deltas
            .into_iter()
            .map(|delta| json!({"type": "content_block_delta", "index": 0, "delta": delta})),
    );
    events.extend([
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta",
               "delta": {"stop_reason": reason, "stop_sequence": null},
               "usage": {"output_tokens": output}}),
        json!({"type": "message_stop"}),
    ]);
    events.iter().map(named_event).collect()
}

/// The input's text in two pieces, the first of them empty as the provider sends it.
fn tool_deltas(call: &ToolCall) -> Vec<Value> {
    ["", &call.input.to_string()]
        .into_iter()
        .map(|piece| json!({"type": "input_json_delta", "partial_json": piece}))
        .collect()
}
