//! The numbers of a `usage` object as they were written, read without trusting their shape.
//!
//! One pass over the JSON: what is not `usage` is skipped, what is no number is noted and skipped. A name that comes
//! twice counts as it was written last, as in the parsers of the clients.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

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
        let mut reader = serde_json::Deserializer::from_slice(json);
        let document = Document {
            told: &mut told,
            place,
        };
        if document.deserialize(&mut reader).is_ok() && reader.end().is_ok() {
            return Ok(told);
        }
        // No JSON, or JSON of another shape: the second is not believed, but it is for the client to judge.
        serde_json::from_slice::<IgnoredAny>(json)?;
        told.is_doubtful = true;
        Ok(told)
    }

    /// Replaces what `later` says anew.
    pub(super) fn update(&mut self, later: Self) {
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

    /// Takes one field of a `usage` object, or of the details inside it.
    fn take(&mut self, name: Name, written: &RawValue) {
        let field = match name {
            Name::Input => &mut self.input,
            Name::CacheRead => &mut self.cache_read,
            Name::CacheWrite => &mut self.cache_write,
            Name::CacheWriteLong => &mut self.cache_write_long,
            Name::Output => &mut self.output,
            Name::Reasoning => &mut self.reasoning,
            Name::Total => &mut self.total,
            Name::Details => return self.take_details(written),
        };
        match written.get().parse() {
            Ok(count) if count <= MOST => *field = Some(count),
            _ => self.is_doubtful |= written.get() != "null",
        }
    }

    fn take_details(&mut self, written: &RawValue) {
        let mut reader = serde_json::Deserializer::from_str(written.get());
        let details = Counts {
            told: self,
            depth: Depth::Details,
        };
        if written.get() != "null" && details.deserialize(&mut reader).is_err() {
            self.is_doubtful = true;
        }
    }
}

/// A whole answer, or one event's data: an object.
struct Document<'t> {
    told: &'t mut Told,
    place: Place,
}

/// What the fields of a document are to us.
enum Part {
    Usage,
    /// The object that has it.
    Inner,
    Other,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { told, place } = self;
        let part = |name: &str| match place {
            Place::Top if name == "usage" => Part::Usage,
            Place::Inside(inner) if name == inner => Part::Inner,
            _ => Part::Other,
        };
        while let Some(part) = map.next_key_seed(Key(part))? {
            match part {
                Part::Usage => map.next_value_seed(Counts {
                    told,
                    depth: Depth::Usage,
                })?,
                Part::Inner => map.next_value_seed(Document {
                    told,
                    place: Place::Top,
                })?,
                Part::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// How deep inside `usage` an object lies; details have no details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Usage,
    Details,
}

/// A `usage` object, or one with its details, or null.
struct Counts<'t> {
    told: &'t mut Told,
    depth: Depth,
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

impl<'de> DeserializeSeed<'de> for Counts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Counts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Key(Name::of))? {
            match name {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Name::Details) if self.depth == Depth::Details => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(name) => self.told.take(name, map.next_value()?),
            }
        }
        Ok(())
    }
}

/// A field's name, turned into its meaning without an allocation.
struct Key<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Key<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Key<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(text))
    }
}
