//! Every way in which the door says no: the words, and what goes with them. How a no looks in each protocol is
//! [`crate::provider::refusal`]'s; what is decided here is what each one means to the client.
//!
//! What no retry can mend says `x-should-retry: false`, and a provider's 401 or 403 for a pooled key never reaches an
//! agent: every client's retry habits are part of the contract.

mod reason;
mod under_key;
mod without_lease;

use crate::call::Call;
use crate::provider::answer::is_own_envelope;
use crate::provider::endpoint::{Endpoint, Route};
use crate::provider::error_shape::{ErrorKind, Position, error_body, error_event_at};
use crate::provider::headers;
use crate::provider::steering::SteerError;
use crate::upstream_answer::{Silence, UpstreamAnswer};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use portunus_app::AuthError;
use portunus_app::admission::NotAdmitted;
use portunus_app::ambiguity::Ambiguous;
use portunus_core::decision::Outcome;
use portunus_core::ids::RequestId;
use portunus_core::pool::Class;
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

    // Before the pool is asked.

    /// The target holds a token of ours: it would stand in logs along the way.
    pub(crate) fn token_in_url() -> Self {
        Self::new(
            Reason::InvalidRequest,
            "A Portunus token stands in the URL, where logs keep it. Send it as 'Authorization: Bearer' or 'x-api-key', and rotate it: portunus tokens rotate NAME.",
        )
    }

    /// Not let in. Of a flood nobody is told to be guilty; who has no valid credential gains nothing by asking again.
    pub(crate) fn not_admitted(error: NotAdmitted) -> Self {
        match error {
            NotAdmitted::Credential(cause) => Self::unauthenticated(cause),
            NotAdmitted::Flood(limited) => Self::not_now(&error, limited.retry_after_ms),
            NotAdmitted::Slowed(slowed) => Self::not_now(&error, slowed.retry_after_ms()),
        }
    }

    fn not_now(error: &NotAdmitted, retry_after_ms: u64) -> Self {
        let message = format!("{}.", sentence(&error.to_string()));
        let mut refusal = Self::new(Reason::Limited, message);
        refusal.retry_after_s = Some(retry_after_ms.div_ceil(1000));
        refusal
    }

    /// No session. Missing and wrong are told apart (RFC 6750 §3.1).
    pub(crate) fn unauthenticated(error: AuthError) -> Self {
        match error {
            AuthError::Missing => Self::new(
                Reason::Unauthenticated,
                "No credential came. Send this agent's Portunus token (ptna_...) as 'Authorization: Bearer' or 'x-api-key'.",
            )
            .with(header::WWW_AUTHENTICATE, "Bearer realm=\"portunus\""),
            AuthError::TwoTokens => Self::new(
                Reason::InvalidRequest,
                "Two different Portunus tokens came in one request. Send one of them only.",
            ),
            AuthError::Undecided => {
                Self::new(Reason::Unavailable, format!("{}.", sentence(&error.to_string())))
            }
            _ => Self::new(
                Reason::Unauthenticated,
                format!(
                    "{}. An operator can issue a fresh one: portunus tokens rotate NAME.",
                    sentence(&error.to_string())
                ),
            )
            .with(header::WWW_AUTHENTICATE, "Bearer realm=\"portunus\", error=\"invalid_token\""),
        }
    }

    /// The token ended while its request was under way.
    pub(crate) fn revoked() -> Self {
        Self::unauthenticated(AuthError::Revoked)
    }

    /// A credential that does not hold this pool or this model.
    pub(crate) fn beyond_scope() -> Self {
        Self::new(
            Reason::Forbidden,
            "This credential may not call this model here. What it may do: GET /api/v1/whoami.",
        )
        .futile()
        .with(
            header::WWW_AUTHENTICATE,
            "Bearer realm=\"portunus\", error=\"insufficient_scope\", scope=\"llm.call\"",
        )
    }

    /// An operator's token at the model door.
    pub(crate) fn not_an_agent() -> Self {
        Self::new(
            Reason::Forbidden,
            "Models are called with an agent's token (ptna_...). Create one: portunus agents create NAME.",
        )
        .with(
            header::WWW_AUTHENTICATE,
            "Bearer realm=\"portunus\", error=\"insufficient_scope\", scope=\"llm.call\"",
        )
    }

    /// Two parsers on the way might read the head differently.
    pub(crate) fn ambiguous(what: Ambiguous) -> Self {
        let message = format!("{}.", sentence(&what.to_string()));
        Self::new(Reason::InvalidRequest, message)
    }

    /// Not on the allowlist.
    pub(crate) fn no_such_route(route: Route, parts: &http::request::Parts) -> Self {
        let path: String = parts.uri.path().chars().take(120).collect();
        match route {
            Route::DeclineUpgrade => Self::new(
                Reason::UpgradeRequired,
                "This plane serves responses over POST, not over WebSocket.",
            ),
            Route::MethodNotAllowed { allow, .. } => Self::new(
                Reason::MethodNotAllowed,
                format!("{path} takes {allow}, not {}.", parts.method),
            )
            .with(header::ALLOW, allow),
            Route::NotAllowed { .. } if path.starts_with("/v1/v1/") => Self::new(
                Reason::NotFound,
                "The base URL has a /v1 too many: Anthropic clients take the plane's address alone, OpenAI clients take it with /v1.",
            ),
            Route::NotAllowed { .. } | Route::Serve { .. } => Self::new(
                Reason::NotFound,
                format!(
                    "{path} is not served by this plane; paths of stored objects and organizations never are."
                ),
            ),
        }
    }

    /// The plane is about to stop.
    pub(crate) fn draining() -> Self {
        let mut refusal = Self::new(
            Reason::Unavailable,
            "This plane is restarting. Ask again in a moment.",
        );
        refusal.retry_after_s = Some(1);
        refusal.with(REPEAT, "yes")
    }

    /// A head that never became a request; `status` is what the listener found.
    pub(crate) fn unreadable_head(status: StatusCode) -> Self {
        let (reason, what) = match status {
            StatusCode::REQUEST_TIMEOUT => (
                Reason::RequestTimeout,
                "The head of the request stopped arriving before its end.",
            ),
            StatusCode::URI_TOO_LONG => {
                (Reason::InvalidRequest, "The path and query are too long.")
            }
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
                Reason::InvalidRequest,
                "The headers are too large or too many.",
            ),
            _ => (
                Reason::InvalidRequest,
                "The head of the request is not HTTP/1.1.",
            ),
        };
        Self::new(reason, what)
    }

    /// The body is larger than the door takes.
    pub(crate) fn too_large(limit: usize) -> Self {
        let mib = limit / (1024 * 1024);
        Self::new(
            Reason::TooLarge,
            format!("The request body is larger than {mib} MiB."),
        )
    }

    /// The body is compressed; no client does that, and what steers the request could not be read.
    pub(crate) fn encoded_body() -> Self {
        Self::new(
            Reason::InvalidRequest,
            "The request body is compressed. Send it without Content-Encoding.",
        )
    }

    /// The body did not arrive to its end.
    pub(crate) fn body_stopped() -> Self {
        Self::new(
            Reason::RequestTimeout,
            "The request body stopped arriving before its end.",
        )
    }

    /// The body's framing is broken (RFC 9112 §7.1); sending it again would break it again.
    pub(crate) fn broken_framing() -> Self {
        Self::new(
            Reason::InvalidRequest,
            "The request body is not framed as its headers say: a broken chunk, or fewer bytes than Content-Length.",
        )
    }

    /// The body cannot be read as what the endpoint takes.
    pub(crate) fn bad_body(error: &SteerError) -> Self {
        Self::new(
            Reason::InvalidRequest,
            format!("{}.", sentence(&error.to_string())),
        )
    }

    /// What the request continues was not made for this agent here.
    pub(crate) fn unknown_object() -> Self {
        Self::new(
            Reason::InvalidRequest,
            "The response or item that this request refers to was not made for this agent through this plane. Send the conversation in 'input' instead of previous_response_id, conversation or item references.",
        )
    }

    /// Which key made a response is not known while the database does not answer.
    pub(crate) fn binding_unreadable() -> Self {
        Self::new(
            Reason::Unavailable,
            "The database does not answer, and with it the account of the previous response is not known. Ask again in a moment.",
        )
    }

    // After attempts.

    /// The last attempt's failure is what the client gets.
    pub(crate) fn failed(call: &Call, class: &Class) -> Self {
        match (&call.last, class) {
            (Some(answer @ UpstreamAnswer::Said { .. }), Class::ClientFault | Class::Ok) => {
                Self::relayed(answer)
            }
            (Some(answer), Class::Entitlement(_)) => Self::entitlement(answer),
            (Some(UpstreamAnswer::Silent(silence)), _) => Self::no_answer(call, *silence),
            (Some(answer @ UpstreamAnswer::Said { .. }), _) => {
                Self::new(Reason::Overloaded, answer.message())
            }
            (None, _) => Self::new(Reason::Overloaded, "The provider has no capacity now."),
        }
    }

    /// The upstream's own answer, without its identity and quota.
    fn relayed(answer: &UpstreamAnswer) -> Self {
        let mut refusal = Self::new(Reason::InvalidRequest, answer.message());
        // A web page would crash the client's parser: it gets the protocol's own envelope instead.
        if let UpstreamAnswer::Said {
            status,
            headers,
            body,
        } = answer
            && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
        {
            refusal.relayed = Some(Box::new(Relayed {
                status: *status,
                headers: headers::for_client(headers),
                body: body.clone(),
            }));
        }
        refusal
    }

    /// No key may serve what was asked: the client's to change, in the provider's words.
    fn entitlement(answer: &UpstreamAnswer) -> Self {
        Self::new(Reason::InvalidRequest, answer.message())
    }

    /// The upstream gave no usable answer, after all the tries that this request has.
    fn no_answer(call: &Call, silence: Silence) -> Self {
        let reason = match silence {
            Silence::TimedOut => Reason::UpstreamTimeout,
            _ => Reason::BadUpstream,
        };
        let pool = call.pool.settings();
        Self::new(
            reason,
            format!("The upstream of pool '{}' {silence}.", pool.name),
        )
    }

    /// A stream broke after its first words.
    pub(crate) fn broken_off(why: &str) -> Self {
        Self::new(
            Reason::BadUpstream,
            format!("The answer is incomplete: the upstream {why}."),
        )
    }

    // As an answer.

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
