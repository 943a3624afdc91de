//! The few fields of a request that steer it, read without building a tree of the body.
//!
//! One pass ([`super::skim`]) checks that the whole body is JSON and tells where the top-level fields of interest lie; only
//! those are read. Whatever else a body holds is the upstream's to judge. A field of interest that comes twice is refused: two
//! parsers might believe different ones. Account-bound references are found by [`super::bound`].

use super::bound::{self, BoundRef};
use super::container;
use super::conversation;
use super::endpoint::Endpoint;
use super::skim;
use super::usage_option::{self, UsageOption};
use http::HeaderMap;
use memchr::memchr;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
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
    /// A response that nobody waits for: it goes on when its client leaves, and nobody would learn what it used.
    #[error(
        "the field `background` must be false: what runs in the background is fetched from the provider's stored objects, which this plane does not serve"
    )]
    Background,
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
    let fields = BodyFields::scan(body)?;
    let delivery = delivery(endpoint, fields.of(Field::Stream))?;
    if endpoint == Endpoint::Responses && fields.of(Field::Background) == Some("true") {
        return Err(SteerError::Background);
    }
    let max_tokens = [
        Field::MaxOutputTokens,
        Field::MaxCompletionTokens,
        Field::MaxTokens,
    ]
    .into_iter()
    .find_map(|field| fields.of(field)?.parse().ok());
    Ok(Steering {
        model: model(endpoint, &fields)?,
        delivery,
        conversation: conversation::of(
            headers,
            fields.text(Field::PromptCacheKey).as_deref(),
            fields.of(Field::Metadata),
        ),
        bound: match endpoint {
            Endpoint::Responses | Endpoint::ResponsesInputTokens | Endpoint::ResponsesCompact => {
                let mut bound = bound::referred(
                    fields.text(Field::PreviousResponseId).as_deref(),
                    fields.of(Field::Conversation),
                    fields.of(Field::Input),
                );
                bound.extend(container::of_tools(fields.of(Field::Tools)));
                bound
            }
            Endpoint::Messages => container::named(fields.of(Field::Container)),
            _ => Vec::new(),
        },
        usage: match (endpoint, delivery) {
            (Endpoint::ChatCompletions, Delivery::Stream) => {
                usage_option::find(body, fields.of(Field::StreamOptions))
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
fn answers(raw: Option<&str>) -> u64 {
    let written = raw.and_then(|raw| raw.parse().ok());
    written.unwrap_or(1).clamp(1, MOST_ANSWERS)
}

fn model(endpoint: Endpoint, fields: &BodyFields<'_>) -> Result<String, SteerError> {
    const WRONG: SteerError = SteerError::WrongType {
        field: "model",
        expected: "a non-empty string of at most 256 bytes",
    };
    // A response may be made from a stored prompt, which has the model; counting its tokens needs none.
    let optional = match endpoint {
        Endpoint::Responses | Endpoint::ResponsesCompact => fields.has(Field::Prompt),
        Endpoint::ResponsesInputTokens => true,
        _ => false,
    };
    let raw = fields.of(Field::Model);
    let Some(raw) = raw.filter(|raw| !optional || *raw != "null") else {
        return if optional {
            Ok(String::new())
        } else {
            Err(SteerError::Missing("model"))
        };
    };
    serde_json::from_str(raw)
        .ok()
        .filter(|model: &String| !model.is_empty() && model.len() <= LONGEST_MODEL)
        .ok_or(WRONG)
}

fn delivery(endpoint: Endpoint, raw: Option<&str>) -> Result<Delivery, SteerError> {
    match raw {
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
    Container,
    Tools,
    Background,
}

impl Field {
    const ALL: [(&'static str, Self); 16] = [
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
        ("container", Self::Container),
        ("tools", Self::Tools),
        ("background", Self::Background),
    ];

    /// The known field whose name, in quotes, this is.
    fn named(quoted: &[u8]) -> Option<(&'static str, Self)> {
        let name = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        Self::ALL
            .into_iter()
            .find(|(known, _)| known.as_bytes() == name)
    }
}

/// The fields of interest that a body has, as they are written.
#[derive(Debug, Default)]
struct BodyFields<'a> {
    found: Vec<(Field, &'a [u8])>,
    repeated: Option<&'static str>,
}

impl<'a> BodyFields<'a> {
    fn scan(body: &'a [u8]) -> Result<Self, SteerError> {
        let mut fields = Self::default();
        let mut names_are_text = true;
        let skimmed = skim::fields(body, |(name, value)| {
            names_are_text &= fields.take(name, value).is_ok();
        });
        if skimmed.is_err() || !names_are_text {
            return Err(refusal(body));
        }
        match fields.repeated {
            Some(field) => Err(SteerError::Repeated(field)),
            None => Ok(fields),
        }
    }

    /// Keeps a field of interest. The name has its quotes; one with escapes may be a known one in disguise, or no text.
    fn take(&mut self, name: &[u8], value: &'a [u8]) -> serde_json::Result<()> {
        let known = if memchr(b'\\', name).is_some() {
            Field::named(&serde_json::to_vec(&serde_json::from_slice::<String>(
                name,
            )?)?)
        } else {
            Field::named(name)
        };
        if let Some((name, field)) = known {
            if self.has(field) {
                self.repeated.get_or_insert(name);
            }
            self.found.push((field, value));
        }
        Ok(())
    }

    fn has(&self, field: Field) -> bool {
        self.found.iter().any(|(found, _)| *found == field)
    }

    fn of(&self, field: Field) -> Option<&'a str> {
        let (_, value) = self.found.iter().find(|(found, _)| *found == field)?;
        std::str::from_utf8(value).ok()
    }

    fn text(&self, field: Field) -> Option<String> {
        serde_json::from_str(self.of(field)?).ok()
    }
}

/// What is wrong with a body that is no JSON object.
fn refusal(body: &[u8]) -> SteerError {
    let not_json = |error: &dyn std::error::Error| SteerError::NotJson(error.to_string());
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => return not_json(&error),
    };
    let error = if text.trim_ascii_start().starts_with('{') {
        serde_json::from_str::<AnyFields>(text).err()
    } else {
        // An answer that names the place of the error is worth more than "no object" when it is no JSON at all.
        serde_json::from_str::<IgnoredAny>(text).err()
    };
    error.map_or(SteerError::NotAnObject, |error| not_json(&error))
}

/// An object of which nothing is kept.
struct AnyFields;

impl<'de> serde::Deserialize<'de> for AnyFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = AnyFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyFields, A::Error> {
                while map.next_entry::<String, IgnoredAny>()?.is_some() {}
                Ok(AnyFields)
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
#[path = "steering_tests.rs"]
mod tests;
