//! The numbers of a `usage` object as they were written, read without trusting their shape.
//!
//! One pass over the JSON: what is not `usage` is skipped, what is no number is noted and skipped. A name that comes
//! twice counts as it was written last, as in the parsers of the clients.

use crate::provider::skim::{self, Refused};
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// The largest count that is believed.
const MOST: u64 = 1_000_000_000;

/// What a provider said, by what it means; `None` is unsaid or not believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Input tokens; whether cached ones are among them depends on the protocol.
    pub(super) input: Option<u64>,
    /// Input tokens read from a cache.
    pub(super) cache_read: Option<u64>,
    /// Input tokens written to a cache.
    pub(super) cache_write: Option<u64>,
    /// Those of `cache_write` that are kept for an hour.
    pub(super) cache_write_long: Option<u64>,
    /// Output tokens.
    pub(super) output: Option<u64>,
    /// Output tokens spent on reasoning.
    pub(super) reasoning: Option<u64>,
    /// All tokens, as `OpenAI`'s protocol adds them up.
    total: Option<u64>,
    /// Something was said that cannot be believed.
    is_doubtful: bool,
}

/// Where in a document its `usage` lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the document itself.
    Top,
    /// In the object of this name.
    Inside(&'static str),
}

impl Told {
    /// Reads what `json` says.
    ///
    /// # Errors
    ///
    /// When `json` is not one JSON value from end to end.
    pub(super) fn read(json: &[u8], place: Place) -> Result<Self, serde_json::Error> {
        let mut told = Self::default();
        if told.take_document(json, place).is_ok() {
            return Ok(told);
        }
        // No JSON, or JSON of another shape: the second is not believed, but it is for the client to judge.
        serde_json::from_slice::<IgnoredAny>(json)?;
        Ok(Self {
            is_doubtful: true,
            ..Self::default()
        })
    }

    /// Replaces what `later` says anew. Streams count upwards and no request is empty: a zero for all of the input, or for
    /// the output, is of a provider that fills in what it does not say, and is no news.
    pub(super) fn update(&mut self, mut later: Self) {
        let input = [later.input, later.cache_read, later.cache_write];
        if input.into_iter().flatten().all(|count| count == 0) && self.input.is_some() {
            later.forget_input();
        }
        if self.output.is_some() {
            later.output = later.output.filter(|count| *count > 0);
        }
        *self = Self {
            input: later.input.or(self.input),
            cache_read: later.cache_read.or(self.cache_read),
            cache_write: later.cache_write.or(self.cache_write),
            cache_write_long: later.cache_write_long.or(self.cache_write_long),
            output: later.output.or(self.output),
            reasoning: later.reasoning.or(self.reasoning),
            total: later.total.or(self.total),
            is_doubtful: later.is_doubtful || self.is_doubtful,
        };
    }

    fn forget_input(&mut self) {
        (self.input, self.total) = (None, None);
        (self.cache_read, self.cache_write, self.cache_write_long) = (None, None, None);
    }

    /// Whether something was said that cannot be believed.
    pub(super) const fn is_doubtful(&self) -> bool {
        self.is_doubtful
    }

    /// Some providers that speak `OpenAI`'s protocol count reasoning beside the output; their total gives it away.
    pub(super) fn reasoning_beside_output(&self) -> Option<u64> {
        let (input, output) = (self.input?, self.output?);
        let reasoning = self.reasoning.filter(|reasoning| *reasoning > 0)?;
        (self.total? == input + output + reasoning).then_some(reasoning)
    }

    /// Takes a whole answer's `usage`.
    pub(super) fn take(&mut self, usage: &[u8]) {
        self.take_usage(usage, Depth::Usage);
    }

    /// Takes one event's data: an object.
    fn take_document(&mut self, json: &[u8], place: Place) -> Result<(), Refused> {
        skim::fields(json, |(name, value)| match place {
            Place::Top if is_called(name, "usage") => self.take_usage(value, Depth::Usage),
            Place::Inside(inner) if is_called(name, inner) => {
                self.is_doubtful |= self.take_document(value, Place::Top).is_err();
            }
            Place::Top | Place::Inside(_) => {}
        })
    }

    /// Takes a `usage` object, or one with its details, or null.
    fn take_usage(&mut self, json: &[u8], depth: Depth) {
        if json == b"null" {
            return;
        }
        let taken = skim::fields(json, |(name, value)| {
            if let Some(name) = Name::of(&unquoted(name)) {
                self.take_field(name, value, depth);
            }
        });
        self.is_doubtful |= taken.is_err();
    }

    /// Takes one field of a `usage` object, or of the details inside it.
    fn take_field(&mut self, name: Name, written: &[u8], depth: Depth) {
        let field = match name {
            Name::Input => &mut self.input,
            Name::CacheRead => &mut self.cache_read,
            Name::CacheWrite => &mut self.cache_write,
            Name::CacheWriteLong => &mut self.cache_write_long,
            Name::Output => &mut self.output,
            Name::Reasoning => &mut self.reasoning,
            Name::Total => &mut self.total,
            Name::Details if depth == Depth::Details => return,
            Name::Details => return self.take_usage(written, Depth::Details),
        };
        let text = std::str::from_utf8(written).ok();
        match text.and_then(|text| text.parse().ok()) {
            Some(count) if count <= MOST => *field = Some(count),
            _ => self.is_doubtful |= written != b"null",
        }
    }
}

/// Whether a field's name, as it is written, is `name`. One with escapes is longer than what it says.
fn is_called(written: &[u8], name: &str) -> bool {
    match written.len().checked_sub(name.len() + 2) {
        None => false,
        Some(0) => written.get(1..=name.len()) == Some(name.as_bytes()),
        Some(_) => memchr::memchr(b'\\', written).is_some() && unquoted(written) == name,
    }
}

/// What a field's name says: nearly always what stands between its quotes.
fn unquoted(written: &[u8]) -> Cow<'_, str> {
    match between_quotes(written).map(std::str::from_utf8) {
        Some(Ok(text)) => Cow::Borrowed(text),
        _ => serde_json::from_slice(written).unwrap_or_default(),
    }
}

/// The same as bytes, of which it is not asked whether they are text.
pub(super) fn named(written: &[u8]) -> Cow<'_, [u8]> {
    match between_quotes(written) {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(unquoted(written).into_owned().into_bytes()),
    }
}

/// A string as it is written, unless that has escapes.
fn between_quotes(written: &[u8]) -> Option<&[u8]> {
    written
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .filter(|text| memchr::memchr(b'\\', text).is_none())
}

/// How deep inside `usage` an object lies; details have no details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Usage,
    Details,
}

/// What a name inside a `usage` object means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Input,
    CacheRead,
    CacheWrite,
    CacheWriteLong,
    Output,
    Reasoning,
    Total,
    /// An object with more of them.
    Details,
}

impl Name {
    /// The names of both protocols; none means one thing here and another there.
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "input_tokens" | "prompt_tokens" => Self::Input,
            "output_tokens" | "completion_tokens" => Self::Output,
            "cache_read_input_tokens" | "cached_tokens" => Self::CacheRead,
            "cache_creation_input_tokens" | "cache_write_tokens" => Self::CacheWrite,
            "ephemeral_1h_input_tokens" => Self::CacheWriteLong,
            "reasoning_tokens" | "thinking_tokens" => Self::Reasoning,
            "total_tokens" => Self::Total,
            "input_tokens_details"
            | "prompt_tokens_details"
            | "output_tokens_details"
            | "completion_tokens_details"
            | "cache_creation" => Self::Details,
            _ => return None,
        })
    }
}
