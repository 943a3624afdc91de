//! What the provider does with one request, when a test decides it beforehand.
//!
//! An [`Answer`] says what is answered and how it goes wrong; it does not know the request yet. The wire
//! modules turn `Body::Natural` into the endpoint's own answer when the request has arrived.

use super::gate::Gate;
use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;

/// One scripted answer. Built by a constructor that names it, refined by the methods.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) opening: Opening,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) delay: Duration,
    pub(crate) held_by: Option<Gate>,
    pub(crate) gap: Duration,
    pub(crate) cut: Option<usize>,
    pub(crate) turn: Option<(usize, Turn)>,
}

/// How the answer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Status(u16),
    /// 529 or 503, by protocol.
    Overloaded,
    ConnectionLost,
    Never,
}

/// What follows the headers.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// What a healthy provider answers to this request.
    Natural,
    /// The protocol's own error document of this kind.
    Error(ErrorKind),
    /// A stream whose first event is the protocol's overload error.
    OverloadedStream,
    /// These bytes.
    Bytes(Bytes),
}

/// An error as the provider's documentation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A spent quota.
    RateLimit,
    /// No capacity.
    Overloaded,
    /// A failure inside.
    Internal,
    /// A dead key.
    Authentication,
    /// A key without the right.
    Permission,
    /// No money left.
    Money,
    /// A request at fault.
    InvalidRequest,
    /// An unknown path or model.
    NotFound,
}

/// What happens in the middle of a body, after a number of chunks.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// The connection is lost.
    Lost,
    /// The body ends cleanly, too early.
    Ends,
    /// The protocol's overload error as an event, then the end.
    Errors,
    /// Silence until the client leaves.
    Silence,
    /// Held until the gate opens, then the rest.
    Held(Gate),
}

impl Answer {
    const fn opening(opening: Opening, body: Body) -> Self {
        Self {
            opening,
            headers: Vec::new(),
            body,
            delay: Duration::ZERO,
            held_by: None,
            gap: Duration::ZERO,
            cut: None,
            turn: None,
        }
    }

    /// What a healthy provider answers.
    #[must_use]
    pub const fn ok() -> Self {
        Self::opening(Opening::Status(200), Body::Natural)
    }

    /// A status without a body; see [`Answer::json`] and [`Answer::body`].
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self::opening(Opening::Status(status), Body::Bytes(Bytes::new()))
    }

    /// The protocol's own error document under a status.
    #[must_use]
    pub const fn error(status: u16, kind: ErrorKind) -> Self {
        Self::opening(Opening::Status(status), Body::Error(kind))
    }

    /// 429 without any limit header.
    #[must_use]
    pub const fn rate_limited() -> Self {
        Self::error(429, ErrorKind::RateLimit)
    }

    /// No capacity: 529 on the Anthropic wire, 503 on `OpenAI`'s.
    #[must_use]
    pub const fn overloaded() -> Self {
        Self::opening(Opening::Overloaded, Body::Error(ErrorKind::Overloaded))
    }

    /// 401: the key is dead.
    #[must_use]
    pub const fn dead_key() -> Self {
        Self::error(401, ErrorKind::Authentication)
    }

    /// A 200 whose first event is the overload error.
    #[must_use]
    pub const fn overloaded_in_stream() -> Self {
        Self::opening(Opening::Status(200), Body::OverloadedStream)
    }

    /// The connection is closed without one byte of an answer.
    #[must_use]
    pub const fn dies_before_headers() -> Self {
        Self::opening(Opening::ConnectionLost, Body::Natural)
    }

    /// No answer ever; ends when the client leaves.
    #[must_use]
    pub const fn never() -> Self {
        Self::opening(Opening::Never, Body::Natural)
    }

    /// A page of HTML, as balancers in front of providers send it.
    #[must_use]
    pub fn html(status: u16) -> Self {
        Self::status(status)
            .header("content-type", "text/html")
            .body("<html><body><h1>Bad Gateway</h1>nginx</body></html>")
    }

    /// 200 with text that claims to be JSON and is not.
    #[must_use]
    pub fn invalid_json() -> Self {
        Self::status(200)
            .header("content-type", "application/json")
            .body("{\"id\": \"msg_cut")
    }

    /// 307 to another place.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self::status(307).header("location", location)
    }

    /// 200 with a gzip body that unpacks to `unpacked` bytes, whatever the request accepts.
    #[must_use]
    pub fn gzip_bomb(unpacked: u64) -> Self {
        Self::status(200)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .body(crate::gzip::bomb(unpacked))
    }

    /// Adds a header; it replaces one of the natural answer with the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Answers this document.
    #[must_use]
    pub fn json(self, document: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(document.to_string())
    }

    /// Answers these bytes.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = Body::Bytes(bytes.into());
        self
    }

    /// Waits before the headers.
    #[must_use]
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Holds the headers back until the gate opens.
    #[must_use]
    pub fn held_by(mut self, gate: &Gate) -> Self {
        self.held_by = Some(gate.clone());
        self
    }

    /// Waits before every chunk but the first.
    #[must_use]
    pub const fn gap(mut self, gap: Duration) -> Self {
        self.gap = gap;
        self
    }

    /// Cuts the body into chunks of this many bytes, inside characters and events too.
    #[must_use]
    pub const fn cut_every(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    fn turn(mut self, chunks: usize, turn: Turn) -> Self {
        self.turn = Some((chunks, turn));
        self
    }

    /// Loses the connection after this many chunks (events, unless cut).
    #[must_use]
    pub fn dies_after(self, chunks: usize) -> Self {
        self.turn(chunks, Turn::Lost)
    }

    /// Ends the body cleanly after this many chunks.
    #[must_use]
    pub fn ends_after(self, chunks: usize) -> Self {
        self.turn(chunks, Turn::Ends)
    }

    /// Sends the protocol's overload error after this many events, then ends.
    #[must_use]
    pub fn errors_after(self, events: usize) -> Self {
        self.turn(events, Turn::Errors)
    }

    /// Falls silent after this many chunks, until the client leaves.
    #[must_use]
    pub fn silent_after(self, chunks: usize) -> Self {
        self.turn(chunks, Turn::Silence)
    }

    /// Holds the rest back after this many chunks, until the gate opens.
    #[must_use]
    pub fn held_after(self, chunks: usize, gate: &Gate) -> Self {
        self.turn(chunks, Turn::Held(gate.clone()))
    }
}
