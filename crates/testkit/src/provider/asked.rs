//! What a request asks for, as far as a fake answer depends on it.

use serde_json::Value;

/// The endpoints that the provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Messages,
    CountTokens,
    Models,
    Chat,
    Responses,
    ResponsesInputTokens,
    ResponsesCompact,
    Embeddings,
    Unknown,
}

/// Whose wire the request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Anthropic,
    OpenAi,
}

/// A call of a tool that the answer makes.
#[derive(Clone, Debug)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    pub(crate) input: Value,
}

/// One request, read.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The provider's own number of the request; ids of answers derive from it.
    pub(crate) number: u64,
    pub(crate) endpoint: Endpoint,
    pub(crate) wire: Wire,
    /// The last part of `/v1/models/{id}`.
    pub(crate) model_in_path: Option<String>,
    pub(crate) body: Value,
    /// About as many tokens as the body's length suggests.
    pub(crate) input_tokens: u64,
}

impl Asked {
    /// Reads method, path and body; a path prefix before `/v1/` is ignored.
    pub(crate) fn read(
        number: u64,
        method: &str,
        path: &str,
        anthropic: bool,
        body: &[u8],
    ) -> Self {
        let below = path.find("/v1/").and_then(|at| path.get(at + 4..));
        let below = below
            .unwrap_or_default()
            .split('?')
            .next()
            .unwrap_or_default();
        let endpoint = match (method, below) {
            ("POST", "messages") => Endpoint::Messages,
            ("POST", "messages/count_tokens") => Endpoint::CountTokens,
            ("POST", "chat/completions") => Endpoint::Chat,
            ("POST", "responses") => Endpoint::Responses,
            ("POST", "responses/input_tokens") => Endpoint::ResponsesInputTokens,
            ("POST", "responses/compact") => Endpoint::ResponsesCompact,
            ("POST", "embeddings") => Endpoint::Embeddings,
            ("GET", "models") => Endpoint::Models,
            ("GET", path) if path.starts_with("models/") => Endpoint::Models,
            _ => Endpoint::Unknown,
        };
        let wire = match endpoint {
            Endpoint::Messages | Endpoint::CountTokens => Wire::Anthropic,
            Endpoint::Models | Endpoint::Unknown if anthropic => Wire::Anthropic,
            _ => Wire::OpenAi,
        };
        Self {
            number,
            endpoint,
            wire,
            model_in_path: below.strip_prefix("models/").map(str::to_owned),
            body: serde_json::from_slice(body).unwrap_or(Value::Null),
            input_tokens: u64::try_from(body.len() / 4).unwrap_or(0).max(1),
        }
    }

    /// The model named in the body.
    pub(crate) fn model(&self) -> &str {
        self.body
            .get("model")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Whether a stream was asked for.
    pub(crate) fn streams(&self) -> bool {
        self.flag("/stream")
    }

    /// Whether a body that must be JSON is none.
    pub(crate) fn is_malformed(&self) -> bool {
        !matches!(self.endpoint, Endpoint::Models | Endpoint::Unknown) && !self.body.is_object()
    }

    pub(crate) fn flag(&self, pointer: &str) -> bool {
        self.body
            .pointer(pointer)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// The answer's words: what the last user turn said, told back.
    pub(crate) fn reply(&self) -> String {
        let said: String = self.last_text().chars().take(200).collect();
        if said.is_empty() {
            "Hello from the fake provider.".to_owned()
        } else {
            format!("You said: {said}")
        }
    }

    fn turns(&self) -> Option<&Vec<Value>> {
        ["messages", "input"]
            .into_iter()
            .find_map(|field| self.body.get(field).and_then(Value::as_array))
    }

    fn last_text(&self) -> String {
        if let Some(text) = self.body.get("input").and_then(Value::as_str) {
            return text.to_owned();
        }
        let content = self.turns().and_then(|turns| {
            let users = |turn: &&Value| turn.get("role").and_then(Value::as_str) == Some("user");
            turns.iter().rev().find(users)?.get("content")
        });
        match content {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => parts
                .iter()
                .rev()
                .find_map(|part| part.get("text").and_then(Value::as_str))
                .unwrap_or_default()
                .to_owned(),
            _ => String::new(),
        }
    }

    /// The tool call that the answer makes: when the request forces one, or its text says "use the tool", unless
    /// its last turn already carries a result.
    pub(crate) fn tool_call(&self) -> Option<ToolCall> {
        let choice = self.body.get("tool_choice");
        let word = choice.and_then(|c| c.as_str().or_else(|| c.get("type")?.as_str()));
        let forced = matches!(word, Some("any" | "tool" | "required" | "function"));
        if self.has_tool_result() || !(forced || self.last_text().contains("use the tool")) {
            return None;
        }
        let tool = self.body.get("tools")?.as_array()?.first()?;
        let spec = tool.get("function").unwrap_or(tool);
        let schema = spec.get("input_schema").or_else(|| spec.get("parameters"));
        Some(ToolCall {
            name: spec.get("name")?.as_str()?.to_owned(),
            input: example(schema.unwrap_or(&Value::Null)),
        })
    }

    fn has_tool_result(&self) -> bool {
        self.turns()
            .and_then(|turns| turns.last())
            .is_some_and(|turn| {
                let text = turn.to_string();
                [
                    "\"tool_result\"",
                    "\"function_call_output\"",
                    "\"role\":\"tool\"",
                ]
                .iter()
                .any(|mark| text.contains(mark))
            })
    }
}

/// A value that fits a simple schema.
fn example(schema: &Value) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, property)| (name.clone(), example(property)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Some("integer" | "number") => 1.into(),
        Some("boolean") => true.into(),
        Some("array") => Value::Array(Vec::new()),
        Some(_) => "Paris".into(),
        None => Value::Object(serde_json::Map::new()),
    }
}
