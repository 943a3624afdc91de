//! The noes of a request for what it is and who sends it, before a pool is asked.

use super::reason::Reason;
use super::{REPEAT, Refusal, sentence};
use crate::provider::endpoint::Route;
use crate::provider::steering::SteerError;
use crate::uploads::shares;
use http::{StatusCode, header};
use portunus_app::AuthError;
use portunus_app::admission::NotAdmitted;
use portunus_app::admission::bodies::Full;
use portunus_app::ambiguity::Ambiguous;
use std::time::Duration;

impl Refusal {
    /// The target holds a token of ours: it would stand in logs along the way.
    pub(crate) fn token_in_url() -> Self {
        Self::new(
            Reason::InvalidRequest,
            "A Portunus token stands in the URL, where logs keep it. Send it as 'Authorization: Bearer' or 'x-api-key', and rotate it: portunus tokens rotate NAME.",
        )
    }

    /// A secret stands where the model's name belongs: it would be recorded and logged.
    pub(crate) fn secret_as_model() -> Self {
        Self::new(
            Reason::InvalidRequest,
            "The field 'model' holds what looks like a token or a provider key. It went no further and is not repeated here; write the model's name there, and replace that secret if others may have seen it.",
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

    /// The body takes longer than anybody's should.
    pub(crate) fn upload_too_slow(most: Duration) -> Self {
        let seconds = most.as_secs();
        Self::new(
            Reason::RequestTimeout,
            format!("The request body did not arrive within {seconds} s."),
        )
    }

    /// Too much is held already. There is room again as soon as a call is on its way back, or over.
    pub(crate) fn no_room_for_body(full: Full, largest: usize) -> Self {
        let mib = |count: usize| count.saturating_mul(largest).div_ceil(1024 * 1024);
        let mut refusal = match full {
            Full::OfOne => {
                let most = mib(shares(largest).of_one);
                let message = format!(
                    "Of this agent's calls that arrive or wait, bodies of {most} MiB are held at most, and this one is beyond that. Ask again in a moment."
                );
                Self::new(Reason::Paced, message)
            }
            Full::OfAll => {
                let most = mib(shares(largest).of_all);
                let message = format!(
                    "Of all calls that arrive or wait, bodies of {most} MiB are held at most, and this one is beyond that. Ask again in a moment."
                );
                Self::new(Reason::Unavailable, message).with(REPEAT, "yes")
            }
        };
        refusal.retry_after_s = Some(1);
        refusal
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

    /// The container that the request names was not made for this agent here.
    pub(crate) fn unknown_container() -> Self {
        Self::new(
            Reason::InvalidRequest,
            "The container that this request names was not made for this agent through this plane. Leave 'container' out, or ask for a new one.",
        )
    }

    /// Which key made a response is not known while the database does not answer.
    pub(crate) fn binding_unreadable() -> Self {
        Self::new(
            Reason::Unavailable,
            "The database does not answer, and with it the account of what this request refers to is not known. Ask again in a moment.",
        )
    }
}
