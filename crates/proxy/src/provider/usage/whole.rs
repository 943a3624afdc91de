//! A whole answer under a success's status, read in one pass: what it used, or that it is no answer after all.
//!
//! Some providers put an error into a 200, as they do inside a stream. It is told by what is missing beside it: an answer
//! has its result, and a response that failed half way has the half.

use super::told::{Told, named};
use super::{BYTES_PER_TOKEN, Dialect, Expected, counted};
use crate::provider::endpoint::Endpoint;
use crate::provider::skim;
use portunus_core::usage::Counted;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Why a body is no answer, whatever its status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// It is no JSON from end to end.
    #[error("the answer is not valid JSON")]
    NotJson,
    /// It is JSON of a shape that no answer of the endpoint has.
    #[error("the answer is not of its protocol")]
    Foreign,
    /// It is the provider's error.
    #[error("the answer is an error")]
    Failure,
}

/// Reads what a whole answer used. `asked` fills in what was not said.
///
/// `Ok(None)` for endpoints that use no tokens.
///
/// # Errors
///
/// When `body` is no answer.
pub fn read(endpoint: Endpoint, body: &[u8], asked: Expected) -> Result<Option<Counted>, NoAnswer> {
    let mut told = Told::default();
    let mut outline = Outline::default();
    let result = result_of(endpoint);
    let skimmed = skim::fields(body, |(name, value)| match &*named(name) {
        b"usage" => told.take(value),
        b"error" => outline.has_error = is_error(value),
        b"type" => outline.is_error = value == b"\"error\"",
        name if name == result.as_bytes() => outline.result = Some(value),
        _ => {}
    });
    if skimmed.is_err() {
        return other_than_object(endpoint, body);
    }
    if outline.is_failure() {
        return Err(NoAnswer::Failure);
    }
    Ok(Dialect::of(endpoint).map(|dialect| {
        let output = match (dialect, told.output) {
            (Dialect::Embedding, _) | (_, Some(_)) => 0,
            _ => outline.text_tokens(),
        };
        counted(dialect, &told, asked.input, output)
    }))
}

/// Nearly everything that is no object is no answer.
fn other_than_object(endpoint: Endpoint, body: &[u8]) -> Result<Option<Counted>, NoAnswer> {
    serde_json::from_slice::<IgnoredAny>(body).map_err(|_| NoAnswer::NotJson)?;
    // Some providers list their models without anything around them.
    let is_list = endpoint == Endpoint::Models && body.trim_ascii_start().starts_with(b"[");
    is_list.then_some(None).ok_or(NoAnswer::Foreign)
}

/// The field that has what was asked for.
const fn result_of(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Messages => "content",
        Endpoint::ChatCompletions => "choices",
        Endpoint::Responses | Endpoint::ResponsesCompact => "output",
        Endpoint::CountTokens | Endpoint::ResponsesInputTokens => "input_tokens",
        Endpoint::Embeddings | Endpoint::Models => "data",
        Endpoint::ModelById => "id",
    }
}

/// Of an answer, what tells it from an error.
#[derive(Default)]
struct Outline<'a> {
    has_error: bool,
    is_error: bool,
    result: Option<&'a [u8]>,
}

impl Outline<'_> {
    fn is_failure(&self) -> bool {
        (self.has_error || self.is_error) && self.result.is_none_or(is_nothing)
    }

    /// The text of the result, taken for tokens.
    fn text_tokens(&self) -> u64 {
        let result = self.result.unwrap_or_default();
        let result = serde_json::from_slice(result).unwrap_or_default();
        text_bytes(&result).div_ceil(BYTES_PER_TOKEN)
    }
}

/// An object or a sentence; successes write null there, or an empty value.
fn is_error(value: &[u8]) -> bool {
    matches!(value.first(), Some(b'{' | b'"')) && value.len() > 2
}

/// Null, or a list without items.
fn is_nothing(value: &[u8]) -> bool {
    let items = value
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"));
    value == b"null" || items.is_some_and(|items| items.trim_ascii().is_empty())
}

/// The names under which both protocols have what the model wrote: text, and what it calls tools with.
const TEXT: [&str; 8] = [
    "text",
    "thinking",
    "content",
    "reasoning",
    "reasoning_content",
    "refusal",
    "arguments",
    "input",
];

/// How many bytes the model wrote in a result.
fn text_bytes(result: &Value) -> u64 {
    match result {
        Value::Array(items) => items.iter().map(text_bytes).fold(0, u64::saturating_add),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) if TEXT.contains(&name.as_str()) => length(text),
                Value::Object(_) if name == "input" => length(&value.to_string()),
                _ => text_bytes(value),
            })
            .fold(0, u64::saturating_add),
        _ => 0,
    }
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_core::usage::UsageSource::Estimate;

    const ASKED: Expected = Expected {
        input: 1_000,
        output: 4_096,
    };

    #[test]
    fn an_error_without_a_result_is_a_failure() {
        use Endpoint::{
            ChatCompletions, CountTokens, Embeddings, Messages, ModelById, Models, Responses,
        };
        for (endpoint, body) in [
            (
                Messages,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#,
            ),
            (Messages, r#"{"type":"error","message":"x"}"#),
            (CountTokens, r#"{"error":{"message":"x"}}"#),
            (ChatCompletions, r#"{"error":{"message":"x","code":429}}"#),
            (ChatCompletions, r#"{"error":"No room.","choices":[ ]}"#),
            (ChatCompletions, r#"{"\u0065rror":"No room."}"#),
            (
                Responses,
                r#"{"object":"response","status":"failed","output":[],"error":{"code":"server_error"}}"#,
            ),
            (Embeddings, r#"{"error":{"message":"x"},"data":null}"#),
            (Models, r#"{"error":{"message":"x"}}"#),
            (ModelById, r#"{"error":{"message":"x"}}"#),
        ] {
            let read = read(endpoint, body.as_bytes(), ASKED);
            assert_eq!(read, Err(NoAnswer::Failure), "{body}");
        }
    }

    #[test]
    fn an_answer_may_speak_of_errors() {
        use Endpoint::{ChatCompletions, Messages, ModelById, Models, Responses};
        for (endpoint, body) in [
            (Messages, r#"{"type":"message","content":[]}"#),
            (
                Messages,
                r#"{"content":[{"text":"\"error\""}],"error":null}"#,
            ),
            (ChatCompletions, r#"{"choices":[{"error":{"code":1}}]}"#),
            (
                ChatCompletions,
                r#"{"choices":[{"message":{}}],"error":{"message":"cut off"}}"#,
            ),
            (ChatCompletions, r#"{"error":""}"#),
            (ChatCompletions, r#"{"error":{},"choices":[]}"#),
            (ChatCompletions, r#"{"error":false}"#),
            (
                Responses,
                r#"{"status":"failed","output":[{"type":"message"}],"error":{"code":"x"}}"#,
            ),
            (Responses, r#"{"status":"queued","output":[],"error":null}"#),
            (Models, r#" [{"id":"m"}]"#),
            (Models, r#"{"object":"list","data":[]}"#),
            (ModelById, r#"{"id":"m","type":"model"}"#),
        ] {
            assert!(read(endpoint, body.as_bytes(), ASKED).is_ok(), "{body}");
        }
    }

    #[test]
    fn what_is_no_object_is_no_answer() {
        for body in ["[]", "3", "null", r#""x""#, r#"[{"id":"m"}]"#] {
            for endpoint in [Endpoint::Responses, Endpoint::ModelById] {
                let read = read(endpoint, body.as_bytes(), ASKED);
                assert_eq!(read, Err(NoAnswer::Foreign), "{body}");
            }
        }
        let scalar = read(Endpoint::Models, b"3", ASKED);
        assert_eq!(scalar, Err(NoAnswer::Foreign));
    }

    #[test]
    fn the_output_of_an_answer_that_nobody_counted_is_its_text() {
        use Endpoint::{ChatCompletions, Messages, Responses};
        let padding = "x".repeat(400);
        for (endpoint, result) in [
            (
                Messages,
                r#""content":[{"type":"thinking","thinking":"12345678","signature":"PAD"},
                    {"type":"text","text":"12345678"},
                    {"type":"tool_use","id":"PAD","name":"f","input":{"a":"12","b":0}}]"#,
            ),
            (
                ChatCompletions,
                r#""choices":[{"index":0,"message":{"role":"assistant","content":"12345678","refusal":null,
                    "reasoning_content":"12345678","tool_calls":[{"id":"PAD","function":{"name":"f",
                    "arguments":"{\"a\":\"12\",\"b\":0}"}}]},"logprobs":{"content":[{"token":"PAD"}]}}]"#,
            ),
            (
                Responses,
                r#""instructions":"PAD","output":[{"type":"reasoning","id":"PAD","summary":[{"type":"summary_text","text":"12345678"}]},
                    {"type":"message","content":[{"type":"output_text","text":"12345678"}]},
                    {"type":"function_call","arguments":"{\"a\":\"12\",\"b\":0}","call_id":"PAD"}]"#,
            ),
        ] {
            let body = format!(r#"{{"id":"PAD",{result}}}"#).replace("PAD", &padding);
            let counted = read(endpoint, body.as_bytes(), ASKED).unwrap().unwrap();
            assert_eq!(
                (counted.usage.input, counted.usage.output, counted.source),
                (1_000, 8, Estimate),
                "{endpoint:?}"
            );
        }
    }
}
