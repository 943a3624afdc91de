//! Embeddings: three numbers per input, as floats or as base64 of little-endian 32-bit floats.

use super::count;
use crate::provider::asked::Asked;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const VECTOR: [f32; 3] = [0.25, -0.5, 1.0];

/// One vector per input.
pub(super) fn list(asked: &Asked) -> Value {
    let inputs = match asked.body.get("input") {
        Some(Value::Array(items)) => count(items.len()),
        _ => 1,
    };
    let wants_base64 = asked.body.get("encoding_format").and_then(Value::as_str) == Some("base64");
    let vector = if wants_base64 {
        let bytes: Vec<u8> = VECTOR.iter().flat_map(|n| n.to_le_bytes()).collect();
        json!(STANDARD.encode(bytes))
    } else {
        json!(VECTOR)
    };
    let data: Vec<Value> = (0..inputs)
        .map(|index| json!({"object": "embedding", "index": index, "embedding": vector}))
        .collect();
    json!({
        "object": "list", "model": asked.model(), "data": data,
        "usage": {"prompt_tokens": asked.input_tokens, "total_tokens": asked.input_tokens},
    })
}
