//! The list of models in either protocol's shape.

use super::chat::CREATED;
use super::{Natural, error_document};
use crate::provider::answer::ErrorKind;
use crate::provider::asked::{Asked, Wire};
use serde_json::{Value, json};

const ANTHROPIC: [&str; 3] = ["claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"];
const OPENAI: [&str; 3] = ["gpt-5", "gpt-5-mini", "text-embedding-3-small"];

fn model(wire: Wire, id: &str) -> Value {
    match wire {
        Wire::Anthropic => json!({
            "type": "model", "id": id, "display_name": id, "created_at": "2025-09-29T00:00:00Z",
        }),
        Wire::OpenAi => {
            json!({"id": id, "object": "model", "created": CREATED, "owned_by": "fake"})
        }
    }
}

/// All models, or the one that the path names.
pub(super) fn answer(asked: &Asked) -> Natural {
    let ids = match asked.wire {
        Wire::Anthropic => ANTHROPIC,
        Wire::OpenAi => OPENAI,
    };
    if let Some(id) = &asked.model_in_path {
        return if ids.contains(&id.as_str()) {
            Natural::json(&model(asked.wire, id))
        } else {
            Natural::json_under(404, &error_document(asked, ErrorKind::NotFound))
        };
    }
    let data: Vec<Value> = ids.iter().map(|id| model(asked.wire, id)).collect();
    Natural::json(&match asked.wire {
        Wire::Anthropic => json!({
            "data": data, "has_more": false, "first_id": ids.first(), "last_id": ids.last(),
        }),
        Wire::OpenAi => json!({"object": "list", "data": data}),
    })
}
