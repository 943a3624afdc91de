//! What the provider saw: one record per request, kept until the provider is dropped.

use bytes::Bytes;
use http::{HeaderMap, Version};
use portunus_core::time::Timestamp;
use std::time::Instant;

/// How a request ended, seen from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Still being answered.
    Open,
    /// Everything that was planned was handed over.
    Complete,
    /// The provider broke it off, as its script says.
    BrokenOff,
    /// The client left before the end.
    ClientLeft,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Position among all requests, from 0.
    pub number: u64,
    /// Which connection carried it, from 0.
    pub connection: u64,
    /// The HTTP version.
    pub version: Version,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// All headers, as sent.
    pub headers: HeaderMap,
    /// The whole body; empty while it is still arriving.
    pub body: Bytes,
    /// The secret from `x-api-key` or, failing that, `Authorization: Bearer`.
    pub key: Option<String>,
    /// When its head arrived, by the provider's clock.
    pub at: Timestamp,
    /// The same by the machine's monotonic clock.
    pub arrived: Instant,
    /// The status answered; `None` when there was none.
    pub status: Option<u16>,
    /// How it ended.
    pub ending: Ending,
}

impl Seen {
    /// A header as text; empty when absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as a JSON document; null when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The secret that a request presents.
pub(crate) fn key_of(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("x-api-key")
        .or_else(|| text("authorization").and_then(|value| value.strip_prefix("Bearer ")))
        .map(str::to_owned)
}
