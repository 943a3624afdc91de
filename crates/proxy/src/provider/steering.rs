//! The few fields of a request that steer it, read without building a tree of the body.
//!
//! One pass checks that the whole body is JSON and remembers where the top-level fields of interest lie; only those are
//! read. Whatever else a body holds is the upstream's to judge. A field of interest that comes twice is refused: two
//! parsers might believe different ones. Account-bound references are found by [`super::bound`].

use super::bound::{self, BoundRef};
use super::conversation;
use super::endpoint::Endpoint;
use super::usage_option::{self, UsageOption};
use http::HeaderMap;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The longest model name that is taken, in bytes.
const LONGEST_MODEL: usize = 256;
/// The most answers that one chat request may ask for.
const MOST_ANSWERS: u64 = 128;

/// What steers a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Steering {
    /// The model as written; empty where the endpoint needs none and the body names none.
    pub model: String,
    /// Whether the answer is asked for as a stream.
    pub delivery: Delivery,
    /// Which conversation it belongs to, as a number that is stable while the plane runs.
    pub conversation: Option<u64>,
    /// What it refers to that lives in one provider account.
    pub bound: Vec<BoundRef>,
    /// Whether a chat stream must be made to report its usage.
    pub usage: UsageOption,
    /// The client's own bound on the answer, in tokens.
    pub max_tokens: Option<u64>,
    /// How many answers are asked for at once: a chat's `n`, from 1 to 128.
    pub answers: u64,
}

/// How the client wants its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In one piece.
    Whole,
    /// As server-sent events.
    Stream,
}

/// Why a body cannot be steered; all are 400 and the texts are for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SteerError {
    /// No JSON.
    #[error("the request body is not valid JSON: {0}")]
    NotJson(String),
    /// JSON, but no object.
    #[error("the request body must be a JSON object")]
    NotAnObject,
    /// A field that the endpoint needs is missing.
    #[error("the request body has no field `{0}`")]
    Missing(&'static str),
    /// A field has the wrong type.
    #[error("the field `{field}` must be {expected}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What to write instead.
        expected: &'static str,
    },
    /// A field comes more than once.
    #[error("the field `{0}` is given more than once")]
    Repeated(&'static str),
}

/// Reads what steers a request of `endpoint`.
pub fn steer(endpoint: Endpoint, headers: &HeaderMap, body: &[u8]) -> Result<Steering, SteerError> {
    if !endpoint.has_body() {
        return Ok(Steering {
            model: String::new(),
            delivery: Delivery::Whole,
            conversation: conversation::of(headers, None, None),
            bound: Vec::new(),
            usage: UsageOption::Untouched,
            max_tokens: None,
            answers: 1,
        });
    }
    let text = std::str::from_utf8(body).map_err(|error| SteerError::NotJson(error.to_string()))?;
    let fields = Fields::scan(text)?;
    let delivery = delivery(endpoint, fields.of(Field::Stream))?;
    let max_tokens = [
        Field::MaxOutputTokens,
        Field::MaxCompletionTokens,
        Field::MaxTokens,
    ]
    .into_iter()
    .find_map(|field| fields.of(field)?.get().parse().ok());
    Ok(Steering {
        model: model(endpoint, &fields)?,
        delivery,
        conversation: conversation::of(
            headers,
            fields.text(Field::PromptCacheKey).as_deref(),
            fields.of(Field::Metadata).map(RawValue::get),
        ),
        bound: match endpoint {
            Endpoint::Responses | Endpoint::ResponsesInputTokens | Endpoint::ResponsesCompact => {
                bound::referred(
                    fields.text(Field::PreviousResponseId).as_deref(),
                    fields.of(Field::Conversation).map(RawValue::get),
                    fields.of(Field::Input).map(RawValue::get),
                )
            }
            _ => Vec::new(),
        },
        usage: match (endpoint, delivery) {
            (Endpoint::ChatCompletions, Delivery::Stream) => {
                usage_option::find(text, fields.of(Field::StreamOptions))
            }
            _ => UsageOption::Untouched,
        },
        max_tokens,
        answers: match endpoint {
            Endpoint::ChatCompletions => answers(fields.of(Field::N)),
            _ => 1,
        },
    })
}

/// What is no number is for the upstream to refuse.
fn answers(raw: Option<&RawValue>) -> u64 {
    let written = raw.and_then(|raw| raw.get().parse().ok());
    written.unwrap_or(1).clamp(1, MOST_ANSWERS)
}

fn model(endpoint: Endpoint, fields: &Fields<'_>) -> Result<String, SteerError> {
    const WRONG: SteerError = SteerError::WrongType {
        field: "model",
        expected: "a non-empty string of at most 256 bytes",
    };
    // A response may be made from a stored prompt, which has the model; counting its tokens needs none.
    let optional = match endpoint {
        Endpoint::Responses | Endpoint::ResponsesCompact => fields.of(Field::Prompt).is_some(),
        Endpoint::ResponsesInputTokens => true,
        _ => false,
    };
    let raw = fields.of(Field::Model);
    let Some(raw) = raw.filter(|raw| !optional || raw.get() != "null") else {
        return if optional {
            Ok(String::new())
        } else {
            Err(SteerError::Missing("model"))
        };
    };
    serde_json::from_str(raw.get())
        .ok()
        .filter(|model: &String| !model.is_empty() && model.len() <= LONGEST_MODEL)
        .ok_or(WRONG)
}

fn delivery(endpoint: Endpoint, raw: Option<&RawValue>) -> Result<Delivery, SteerError> {
    match raw.map(RawValue::get) {
        Some("true") if endpoint.may_stream() => Ok(Delivery::Stream),
        None | Some("true" | "false" | "null") => Ok(Delivery::Whole),
        Some(_) => Err(SteerError::WrongType {
            field: "stream",
            expected: "true or false",
        }),
    }
}

/// The top-level fields of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Model,
    Stream,
    StreamOptions,
    MaxTokens,
    MaxCompletionTokens,
    MaxOutputTokens,
    PromptCacheKey,
    Metadata,
    PreviousResponseId,
    Conversation,
    Input,
    Prompt,
    N,
}

impl Field {
    const ALL: [(&'static str, Self); 13] = [
        ("model", Self::Model),
        ("stream", Self::Stream),
        ("stream_options", Self::StreamOptions),
        ("max_tokens", Self::MaxTokens),
        ("max_completion_tokens", Self::MaxCompletionTokens),
        ("max_output_tokens", Self::MaxOutputTokens),
        ("prompt_cache_key", Self::PromptCacheKey),
        ("metadata", Self::Metadata),
        ("previous_response_id", Self::PreviousResponseId),
        ("conversation", Self::Conversation),
        ("input", Self::Input),
        ("prompt", Self::Prompt),
        ("n", Self::N),
    ];
}

/// A top-level field's name, resolved without an allocation.
enum Name {
    Known(&'static str, Field),
    Other,
}

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Name, E> {
                let known = Field::ALL.into_iter().find(|(name, _)| *name == text);
                Ok(known.map_or(Name::Other, |(name, field)| Name::Known(name, field)))
            }
        }
        deserializer.deserialize_identifier(Reader)
    }
}

/// The fields of interest that a body has, where they lie.
#[derive(Debug, Default)]
struct Fields<'a> {
    found: Vec<(Field, &'a RawValue)>,
    repeated: Option<&'static str>,
}

impl<'a> Fields<'a> {
    fn scan(text: &'a str) -> Result<Self, SteerError> {
        if !text.trim_ascii_start().starts_with('{') {
            // An answer that names the place of the error is worth more than "no object" when it is no JSON at all.
            return Err(match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => SteerError::NotAnObject,
                Err(error) => SteerError::NotJson(error.to_string()),
            });
        }
        let fields: Self =
            serde_json::from_str(text).map_err(|error| SteerError::NotJson(error.to_string()))?;
        match fields.repeated {
            Some(field) => Err(SteerError::Repeated(field)),
            None => Ok(fields),
        }
    }

    fn of(&self, field: Field) -> Option<&'a RawValue> {
        self.found
            .iter()
            .find(|(found, _)| *found == field)
            .map(|(_, raw)| *raw)
    }

    fn text(&self, field: Field) -> Option<String> {
        serde_json::from_str(self.of(field)?.get()).ok()
    }
}

impl<'de: 'a, 'a> serde::Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = map.next_key::<Name>()? {
                    let Name::Known(name, field) = name else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    if fields.of(field).is_some() {
                        fields.repeated.get_or_insert(name);
                    }
                    fields.found.push((field, map.next_value()?));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
#[path = "steering_tests.rs"]
mod tests;
