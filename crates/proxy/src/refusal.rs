//! Every way in which the door says no: the words, and what goes with them. How a no looks in each protocol is
//! [`crate::provider::refusal`]'s; what is decided here is what each one means to the client.
//!
//! What no retry can mend says `x-should-retry: false`, and a provider's 401 or 403 for a pooled key never reaches an
//! agent: every client's retry habits are part of the contract.

mod after_attempts;
mod at_the_door;
mod reason;
mod under_key;
mod without_lease;

use crate::call::Call;
use crate::provider::answer::is_own_envelope;
use crate::provider::endpoint::Endpoint;
use crate::provider::error_shape::{ErrorKind, Position, error_body, error_event_at};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use portunus_core::decision::Outcome;
use portunus_core::ids::RequestId;
use portunus_core::provider_key::Protocol;
use reason::Reason;

const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// Tells whoever stands between, such as a broker, that nothing was done for the request: it may go to another plane, or
/// come again, without the client's knowing.
const REPEAT: HeaderName = HeaderName::from_static("x-portunus-repeat");

/// Whether the client should ask again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retry {
    /// As its kind usually has it.
    Usual,
    /// Whatever its kind, it cannot help.
    Futile,
}

/// A no, before it has a protocol.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    reason: Reason,
    message: String,
    retry: Retry,
    retry_after_s: Option<u64>,
    /// Further headers: `Allow`, `WWW-Authenticate`.
    extra: Vec<(HeaderName, &'static str)>,
    /// The upstream's own answer, when the client gets that.
    relayed: Option<Box<Relayed>>,
}

/// An upstream's answer that belongs to the client.
#[derive(Clone, Debug)]
struct Relayed {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Refusal {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            retry: Retry::Usual,
            retry_after_s: None,
            extra: Vec::new(),
            relayed: None,
        }
    }

    fn futile(mut self) -> Self {
        self.retry = Retry::Futile;
        self
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.extra.push((name, value));
        self
    }

    /// What the client is told.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// How the request ended, for its record.
    pub(crate) const fn outcome(&self) -> Outcome {
        if self.relayed.is_some() {
            Outcome::ClientFault
        } else {
            Outcome::Refused
        }
    }

    /// The refusal as a whole answer.
    pub(crate) fn response(&self, protocol: Protocol, id: RequestId) -> Response<Bytes> {
        let mut response = self.base(protocol, id);
        let headers = response.headers_mut();
        let usual = self
            .reason
            .should_retry()
            .filter(|_| self.relayed.is_none());
        let should_retry = match self.retry {
            Retry::Futile => Some("false"),
            Retry::Usual => usual,
        };
        if let Some(value) = should_retry {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static(value));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for (name, value) in &self.extra {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        response
    }

    fn base(&self, protocol: Protocol, id: RequestId) -> Response<Bytes> {
        if let Some(relayed) = &self.relayed {
            let mut response = Response::new(relayed.body.clone());
            *response.status_mut() = relayed.status;
            *response.headers_mut() = relayed.headers.clone();
            return response;
        }
        let (status, kind) = self.reason.told(protocol);
        let body = error_body(protocol, kind, &self.message, &id.to_string());
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    /// The refusal as the last words of a stream that has begun, of which the client has seen `position`.
    pub(crate) fn event(&self, call: &Call, position: &Position) -> Bytes {
        let relayed = self.relayed.as_ref();
        relayed
            .and_then(|relayed| relayed.event(call))
            .unwrap_or_else(|| {
                self.event_at(call.endpoint, call.protocol, call.record.id(), position)
            })
    }

    /// The same in its own words.
    pub(crate) fn event_at(
        &self,
        endpoint: Endpoint,
        protocol: Protocol,
        id: RequestId,
        position: &Position,
    ) -> Bytes {
        let kind = match &self.relayed {
            Some(relayed) => ErrorKind::of_status(relayed.status.as_u16()),
            None => self.reason.told(protocol).1,
        };
        error_event_at(endpoint, kind, &self.message, &id.to_string(), position)
    }
}

impl Relayed {
    /// The upstream's own error object as an event, where the protocol has the same shape for both.
    fn event(&self, call: &Call) -> Option<Bytes> {
        let prefix = match call.endpoint {
            Endpoint::Messages => "event: error\n",
            Endpoint::ChatCompletions => "",
            _ => return None,
        };
        if !is_own_envelope(call.protocol, &self.body) {
            return None;
        }
        // Written anew, because a body may have line breaks and an event's data may not.
        let error: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        Some(Bytes::from(format!("{prefix}data: {error}\n\n")))
    }
}

/// A clause as the beginning of a sentence.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
