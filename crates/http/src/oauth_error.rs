//! Refusals of the OAuth endpoints, in the shape of RFC 6749 §5.2. Texts are public and never repeat what was sent.

use crate::error::Refusal;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use portunus_api::ErrorCode;
use portunus_api::access::OAuthProblem;
use portunus_app::AuthError;
use portunus_app::access::ExchangeError;
use portunus_app::access::revoke::RevokePresentedError;
use portunus_app::admission::OverQuota;
use portunus_app::failure::Failure;

/// Why an OAuth endpoint refuses.
#[derive(Debug)]
pub(crate) struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: String,
    challenge: bool,
    /// Milliseconds after which the same request may succeed.
    wait_ms: Option<u64>,
}

impl OAuthError {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            error,
            description: description.into(),
            challenge: false,
            wait_ms: None,
        }
    }

    /// A parameter is missing, doubled or unreadable.
    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// Another grant than those that are served.
    pub(crate) fn unsupported_grant() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "use client_credentials or urn:ietf:params:oauth:grant-type:token-exchange",
        )
    }

    /// Meant for somebody whom this plane does not issue for (RFC 8693 §2.2.2).
    pub(crate) fn invalid_target() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_target",
            "this plane issues access tokens for itself: leave audience and resource out, or name its issuer",
        )
    }

    /// A scope that cannot be read or is not held.
    pub(crate) fn invalid_scope(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_scope", description)
    }

    /// The presented grant is worth nothing.
    pub(crate) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    /// No client said who it is.
    pub(crate) fn no_client() -> Self {
        let description = "send the token as Authorization: Bearer or Basic, or as client_secret";
        Self::client(description)
    }

    /// The client's credential is not accepted.
    pub(crate) fn bad_client(error: AuthError) -> Self {
        match error {
            AuthError::Undecided => Self::unavailable(error.to_string()),
            AuthError::TwoTokens => Self::invalid_request(error.to_string()),
            other => Self::client(other.to_string()),
        }
    }

    /// The client gives another one's name.
    pub(crate) fn other_client() -> Self {
        Self::client("the client_id is not the name or id of the token's owner")
    }

    fn client(description: impl Into<String>) -> Self {
        Self {
            challenge: true,
            ..Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
        }
    }

    fn unavailable(description: impl Into<String>) -> Self {
        Self::wait(StatusCode::SERVICE_UNAVAILABLE, description, 1_000)
    }

    /// Too much in a short time.
    pub(crate) fn too_often(description: impl Into<String>, wait_ms: u64) -> Self {
        Self::wait(StatusCode::TOO_MANY_REQUESTS, description, wait_ms)
    }

    fn wait(status: StatusCode, description: impl Into<String>, wait_ms: u64) -> Self {
        Self {
            wait_ms: Some(wait_ms),
            ..Self::new(status, "temporarily_unavailable", description)
        }
    }

    /// The body did not arrive, or is too large, or made room for others.
    pub(crate) fn unreadable(refusal: &Refusal) -> Self {
        let status = match refusal.code() {
            ErrorCode::RateLimited => return Self::too_often(refusal.detail(), 1_000),
            ErrorCode::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, "invalid_request", "the body cannot be read")
    }
}

impl From<Failure> for OAuthError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::StoreUnavailable(cause) => {
                tracing::warn!(
                    cause,
                    "an OAuth call was refused: the database does not answer"
                );
                Self::unavailable("the database does not answer, so nothing was changed")
            }
            Failure::BrokenLog(what) => {
                tracing::error!(what, "an OAuth call was refused: the audit log is broken");
                Self::unavailable("the audit log is broken, so nothing was changed")
            }
            other => {
                tracing::error!(cause = %other, "an OAuth call failed inside");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "server_error",
                    "the plane failed while it handled this request",
                )
            }
        }
    }
}

impl From<ExchangeError> for OAuthError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Auth(AuthError::Undecided) => Self::unavailable(error.to_string()),
            ExchangeError::Auth(_) | ExchangeError::Reused | ExchangeError::Over => {
                Self::invalid_grant(error.to_string())
            }
            ExchangeError::BeyondScope(_) => Self::invalid_scope(error.to_string()),
            ExchangeError::NotExchanged => Self::invalid_request(error.to_string()),
            ExchangeError::TooMany => Self::too_often(error.to_string(), 60_000),
            ExchangeError::OverQuota(over) => over.into(),
            ExchangeError::Failure(failure) => failure.into(),
        }
    }
}

impl From<OverQuota> for OAuthError {
    fn from(over: OverQuota) -> Self {
        Self::too_often(over.to_string(), over.retry_after_ms)
    }
}

impl From<RevokePresentedError> for OAuthError {
    fn from(error: RevokePresentedError) -> Self {
        match error {
            RevokePresentedError::NotYours | RevokePresentedError::HoldsMore => {
                Self::new(StatusCode::FORBIDDEN, "access_denied", error.to_string())
            }
            RevokePresentedError::LastOperatorToken => Self::invalid_request(error.to_string()),
            RevokePresentedError::Auth(error) => Self::unavailable(error.to_string()),
            RevokePresentedError::Failure(failure) => failure.into(),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = OAuthProblem {
            error: self.error.to_owned(),
            error_description: self.description,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        if let Some(wait_ms) = self.wait_ms {
            let seconds = wait_ms.div_ceil(1000).max(1);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.challenge {
            let challenge =
                HeaderValue::from_static("Basic realm=\"portunus\", Bearer realm=\"portunus\"");
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
