//! What a streamed answer used, gathered while its events pass.
//!
//! Nearly all events carry no usage and cost a name's comparison or one search for a word. For streams that break off
//! before the provider counts, the bytes that passed are summed up, and of a few events it is measured how much of
//! them is text: the output is estimated from both.

use super::super::endpoint::Endpoint;
use super::super::phase::kind;
use super::super::sse::Event;
use super::told::{Place, Told};
use super::{BYTES_PER_TOKEN, Dialect, Expected, counted};
use memchr::memchr2;
use memchr::memmem::Finder;
use portunus_core::usage::Counted;
use std::sync::LazyLock;

/// The first deltas are measured, and later ones now and then.
const MEASURED_AT_FIRST: u64 = 4;
const MEASURED_LATER: u64 = 16;

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage\""));

/// Where the text of a delta stands, by the names of its fields.
struct TextFields {
    messages: [Finder<'static>; 3],
    responses: [Finder<'static>; 1],
    chat: [Finder<'static>; 4],
}

static TEXT_FIELDS: LazyLock<TextFields> = LazyLock::new(|| TextFields {
    messages: [r#""text""#, r#""partial_json""#, r#""thinking""#].map(Finder::new),
    responses: [r#""delta""#].map(Finder::new),
    chat: [
        r#""content""#,
        r#""arguments""#,
        r#""reasoning_content""#,
        r#""reasoning""#,
    ]
    .map(Finder::new),
});

impl TextFields {
    fn of(&self, endpoint: Endpoint) -> &[Finder<'static>] {
        match endpoint {
            Endpoint::Messages => &self.messages,
            Endpoint::Responses => &self.responses,
            _ => &self.chat,
        }
    }
}

/// Reads the usage of one stream.
#[derive(Clone, Debug)]
pub struct UsageReader {
    endpoint: Endpoint,
    asked: Expected,
    told: Told,
    /// How far the provider has come with its counting.
    stated: Stated,
    passed: Passed,
}

/// What the provider has said of the output so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stated {
    Nothing,
    /// The input, and at best a part of the output.
    Beginning,
    /// Everything that passed.
    Everything,
}

/// What passed of an answer's text.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    events: u64,
    bytes: u64,
    /// Of the events that were measured: their bytes, and those of text among them.
    measured_bytes: u64,
    measured_text: u64,
}

/// What an event is to the usage of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A piece of the answer.
    Delta,
    /// It may state usage, at this place.
    Statement(Place, Stated),
    /// A piece of the answer that also states what was used so far.
    DeltaWithStatement,
    Nothing,
}

impl UsageReader {
    /// At the beginning of a stream of `endpoint`; `asked` stands in for an input that is never said.
    #[must_use]
    pub fn new(endpoint: Endpoint, asked: Expected) -> Self {
        Self {
            endpoint,
            asked,
            told: Told::default(),
            stated: Stated::Nothing,
            passed: Passed::default(),
        }
    }

    /// Takes note of one event of the upstream's, also of one that the client does not get.
    pub fn absorb(&mut self, event: &Event) {
        let part = match self.endpoint {
            Endpoint::Messages => of_messages(event),
            Endpoint::Responses => of_responses(event),
            _ => of_chat(event),
        };
        match part {
            Part::Nothing => {}
            Part::Delta => self.pass(event),
            Part::Statement(place, stated) => self.read(event, place, stated),
            Part::DeltaWithStatement => {
                self.pass(event);
                self.read(event, Place::Top, Stated::Everything);
            }
        }
    }

    /// What was used as far as the stream went; `None` when nothing of an answer passed and nothing was said.
    #[must_use]
    pub fn finish(&self) -> Option<Counted> {
        let dialect = Dialect::of(self.endpoint)?;
        if self.stated == Stated::Nothing && self.passed.events == 0 {
            return None;
        }
        let mut told = self.told;
        let mut output = self.passed.tokens();
        if self.stated != Stated::Everything || told.is_doubtful() {
            // What was said of the output may be no more than its beginning.
            output = output.max(told.output.take().unwrap_or(0));
        }
        Some(counted(dialect, &told, self.asked.input, output))
    }

    fn read(&mut self, event: &Event, place: Place, stated: Stated) {
        // Data that is no JSON is for the client to refuse; here it says nothing.
        if let Ok(told) = Told::read(&event.data(), place)
            && told != Told::default()
        {
            self.told.update(told);
            self.stated = stated;
        }
    }

    fn pass(&mut self, event: &Event) {
        self.passed.add(self.endpoint, event);
        if self.stated == Stated::Everything {
            self.stated = Stated::Beginning;
        }
    }
}

fn of_messages(event: &Event) -> Part {
    match &*kind(event) {
        b"content_block_delta" => Part::Delta,
        b"message_start" => Part::Statement(Place::Inside("message"), Stated::Beginning),
        b"message_delta" => Part::Statement(Place::Top, Stated::Everything),
        _ => Part::Nothing,
    }
}

fn of_responses(event: &Event) -> Part {
    match &*kind(event) {
        b"response.completed"
        | b"response.incomplete"
        | b"response.failed"
        | b"response.cancelled" => Part::Statement(Place::Inside("response"), Stated::Everything),
        kind if kind.ends_with(b".delta") => Part::Delta,
        _ => Part::Nothing,
    }
}

/// Chunks have no names. Those that were made to report usage have a null in its place until the last one.
fn of_chat(event: &Event) -> Part {
    let data = event.data();
    if !data.trim_ascii_start().starts_with(b"{") {
        return Part::Nothing;
    }
    match USAGE.find(&data).and_then(|at| data.get(at + 7..)) {
        Some(behind) if !behind.starts_with(b":null") => Part::DeltaWithStatement,
        _ => Part::Delta,
    }
}

impl Passed {
    fn add(&mut self, endpoint: Endpoint, event: &Event) {
        let bytes = u64::try_from(event.raw().len()).unwrap_or(u64::MAX);
        let is_measured =
            self.events < MEASURED_AT_FIRST || self.events.is_multiple_of(MEASURED_LATER);
        if is_measured {
            self.measured_bytes = self.measured_bytes.saturating_add(bytes);
            self.measured_text = self.measured_text.saturating_add(
                TEXT_FIELDS
                    .of(endpoint)
                    .iter()
                    .map(|field| text_bytes(field, event.raw()))
                    .sum(),
            );
        }
        self.events = self.events.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// The text among all bytes, taken for tokens.
    fn tokens(&self) -> u64 {
        let text = self.bytes.saturating_mul(self.measured_text) / self.measured_bytes.max(1);
        text.div_ceil(BYTES_PER_TOKEN)
    }
}

/// How long the texts are that stand in fields of this name, as they are written.
fn text_bytes(field: &Finder<'_>, data: &[u8]) -> u64 {
    let length = |at: usize| {
        let behind = data.get(at + field.needle().len()..)?.trim_ascii_start();
        let value = behind.strip_prefix(b":")?.trim_ascii_start();
        string_bytes(value.strip_prefix(b"\"")?)
    };
    field
        .find_iter(data)
        .filter_map(length)
        .fold(0, u64::saturating_add)
}

/// The length of a JSON string up to its closing quote.
fn string_bytes(text: &[u8]) -> Option<u64> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return u64::try_from(at).ok();
        }
        at += 2;
    }
}
