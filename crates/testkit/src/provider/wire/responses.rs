//! Responses: a response, and the numbered events that stream it.

use super::chat::CREATED;
use super::{count, named_event, pieces};
use crate::provider::asked::{Asked, ToolCall};
use bytes::Bytes;
use serde_json::{Value, json};

fn message_item(asked: &Asked, status: &str, content: &Value) -> Value {
    json!({
        "id": format!("msg_fake{:08}", asked.number), "type": "message", "status": status,
        "role": "assistant", "content": content,
    })
}

fn call_item(asked: &Asked, call: &ToolCall, status: &str, arguments: &str) -> Value {
    json!({
        "id": format!("fc_fake{:08}", asked.number), "type": "function_call", "status": status,
        "call_id": format!("call_fake{:08}", asked.number), "name": call.name, "arguments": arguments,
    })
}

fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

/// The response object in one state of its life.
fn envelope(asked: &Asked, status: &str, output: &Value, usage: &Value) -> Value {
    let given = |field: &str, otherwise: Value| asked.body.get(field).cloned().unwrap_or(otherwise);
    json!({
        "id": format!("resp_fake{:08}", asked.number), "object": "response", "created_at": CREATED,
        "status": status, "model": asked.model(), "output": output, "usage": usage,
        "error": null, "incomplete_details": null, "instructions": null, "metadata": {},
        "parallel_tool_calls": true, "temperature": 1.0, "top_p": 1.0, "truncation": "disabled",
        "tool_choice": given("tool_choice", json!("auto")), "tools": given("tools", json!([])),
        "previous_response_id": given("previous_response_id", Value::Null),
        "store": given("store", json!(true)), "text": {"format": {"type": "text"}},
        "max_output_tokens": given("max_output_tokens", Value::Null),
        "reasoning": {"effort": null, "summary": null}, "service_tier": "default", "user": null,
    })
}

fn usage(asked: &Asked, output: u64) -> Value {
    json!({
        "input_tokens": asked.input_tokens, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": asked.input_tokens.saturating_add(output),
    })
}

fn finished_item(asked: &Asked, reply: &str) -> Value {
    match asked.tool_call() {
        Some(call) => call_item(asked, &call, "completed", &call.input.to_string()),
        None => message_item(asked, "completed", &json!([text_part(reply)])),
    }
}

/// The whole response.
pub(super) fn response(asked: &Asked) -> Value {
    let reply = asked.reply();
    let used = usage(asked, count(pieces(&reply).len()));
    envelope(
        asked,
        "completed",
        &json!([finished_item(asked, &reply)]),
        &used,
    )
}

/// What `responses/compact` makes of a conversation: one item that only this account can read.
pub(super) fn compaction(asked: &Asked) -> Value {
    let number = asked.number;
    json!({
        "id": format!("resp_fake{number:08}"), "object": "response.compaction", "created_at": CREATED,
        "output": [{
            "id": format!("cmp_fake{number:08}"), "type": "compaction",
            "encrypted_content": format!("fake-sealed-{number}"),
        }],
        "usage": usage(asked, 1),
    })
}

/// The same as events, `sequence_number` counting from 0.
pub(super) fn stream(asked: &Asked) -> Vec<Bytes> {
    let reply = asked.reply();
    let begun = envelope(asked, "in_progress", &json!([]), &Value::Null);
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
    ];
    match asked.tool_call() {
        Some(call) => events.extend(call_events(asked, &call)),
        None => events.extend(text_events(asked, &reply)),
    }
    events.push(json!({
        "type": "response.output_item.done", "output_index": 0, "item": finished_item(asked, &reply),
    }));
    events.push(json!({"type": "response.completed", "response": response(asked)}));
    (0_u64..)
        .zip(events)
        .map(|(number, mut event)| {
            if let Some(fields) = event.as_object_mut() {
                fields.insert("sequence_number".to_owned(), number.into());
            }
            named_event(&event)
        })
        .collect()
}

fn text_events(asked: &Asked, reply: &str) -> Vec<Value> {
    let item = format!("msg_fake{:08}", asked.number);
    let at = |kind: &str, field: &str, value: Value| json!({"type": kind, "item_id": item, "output_index": 0, "content_index": 0, field: value});
    let with_logprobs = |mut event: Value| {
        if let Some(fields) = event.as_object_mut() {
            fields.insert("logprobs".to_owned(), json!([]));
        }
        event
    };
    let mut events = vec![
        json!({"type": "response.output_item.added", "output_index": 0,
               "item": message_item(asked, "in_progress", &json!([]))}),
        at("response.content_part.added", "part", text_part("")),
    ];
    events.extend(
        pieces(reply)
            .into_iter()
            .map(|piece| with_logprobs(at("response.output_text.delta", "delta", piece.into()))),
    );
    events.push(with_logprobs(at(
        "response.output_text.done",
        "text",
        reply.into(),
    )));
    events.push(at("response.content_part.done", "part", text_part(reply)));
    events
}

fn call_events(asked: &Asked, call: &ToolCall) -> Vec<Value> {
    let item = format!("fc_fake{:08}", asked.number);
    let arguments = call.input.to_string();
    vec![
        json!({"type": "response.output_item.added", "output_index": 0,
               "item": call_item(asked, call, "in_progress", "")}),
        json!({"type": "response.function_call_arguments.delta", "item_id": item,
               "output_index": 0, "delta": arguments}),
        json!({"type": "response.function_call_arguments.done", "item_id": item,
               "output_index": 0, "name": call.name, "arguments": arguments}),
    ]
}
