//! What the plane refused and why, read from its answer: a problem document (RFC 9457), or OAuth's shape (RFC 6749 §5.2)
//! where access tokens come from. And what a refusal means for whoever would ask again.

use portunus_api::access::OAuthProblem;
use portunus_api::{AuthDetails, ErrorCode, Problem};
use std::fmt;
use std::time::Duration;

/// The stable name of a kind of refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// One that this library knows; docs/errors.md explains each.
    Known(ErrorCode),
    /// An `error` of the OAuth endpoints, such as `invalid_grant`.
    OAuth(String),
    /// One of a newer plane, or of something that stands before it; empty when the answer did not say.
    Other(String),
}

impl Code {
    /// The code that `text` is.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let known = ErrorCode::ALL.iter().find(|code| code.as_str() == text);
        known.map_or_else(|| Self::Other(text.to_owned()), |code| Self::Known(*code))
    }

    /// The text as it travels.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(code) => code.as_str(),
            Self::OAuth(text) | Self::Other(text) => text,
        }
    }
}

/// Why the plane did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What kind of refusal it is.
    pub code: Code,
    /// What is wrong with this request, for people.
    pub detail: String,
    /// A next step that a program can take; empty when the plane named none.
    pub fix: String,
    /// When to come again, if the plane said so.
    pub retry_after: Option<Duration>,
    /// What a failed sign-in says besides.
    pub auth: Option<AuthDetails>,
}

/// What a refusal means for whoever would ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The credential is missing or wrong: asking again is useless until somebody changes it.
    Rejected,
    /// The credential is good and may not do this.
    Forbidden,
    /// Too many requests; the same may succeed later.
    Limited,
    /// The plane cannot do it at the moment; another node may.
    Unavailable,
    /// The same change, under the same key, is being made.
    Running,
    /// The request itself is refused, and would be again.
    Mistaken,
    /// Nobody knows: a code that this library does not have.
    Unknown,
}

impl Refusal {
    /// Reads an answer without success. One that is in neither shape is a refusal too, with an empty code.
    #[must_use]
    pub fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        if let Ok(problem) = serde_json::from_slice::<Problem>(body) {
            let told = problem.auth.as_ref().and_then(|auth| auth.retry_after_ms);
            return Self {
                status,
                code: Code::of(&problem.code),
                detail: match problem.detail.is_empty() {
                    true => problem.title,
                    false => problem.detail,
                },
                fix: problem.fix,
                retry_after: told.map(Duration::from_millis).or(retry_after),
                auth: problem.auth,
            };
        }
        let (code, detail) = match serde_json::from_slice::<OAuthProblem>(body) {
            Ok(problem) => (Code::OAuth(problem.error), problem.error_description),
            Err(_) => (
                Code::Other(String::new()),
                format!("status {status} without a reason"),
            ),
        };
        Self {
            status,
            code,
            detail,
            fix: String::new(),
            retry_after,
            auth: None,
        }
    }

    /// What it means for whoever would ask again.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        match &self.code {
            Code::Known(code) => of_known(*code),
            Code::OAuth(error) => self.of_oauth(error),
            Code::Other(_) if self.status == 429 => Meaning::Limited,
            Code::Other(_) if self.status >= 500 || self.status == 408 => Meaning::Unavailable,
            Code::Other(_) => Meaning::Unknown,
        }
    }

    fn of_oauth(&self, error: &str) -> Meaning {
        match (error, self.status) {
            ("invalid_client", _) => Meaning::Rejected,
            ("temporarily_unavailable", 429) => Meaning::Limited,
            ("temporarily_unavailable" | "server_error", _) => Meaning::Unavailable,
            ("access_denied", _) => Meaning::Forbidden,
            (
                "invalid_request"
                | "invalid_grant"
                | "invalid_scope"
                | "invalid_target"
                | "unsupported_grant_type",
                _,
            ) => Meaning::Mistaken,
            _ => Meaning::Unknown,
        }
    }

    /// Whether an access token cannot be renewed any more, so that the token is to be exchanged anew.
    pub(crate) fn ends_the_family(&self) -> bool {
        matches!(&self.code, Code::OAuth(error) if error == "invalid_grant")
    }
}

fn of_known(code: ErrorCode) -> Meaning {
    use ErrorCode as E;
    match code {
        E::MissingCredential | E::InvalidToken | E::WrongPassword | E::SessionOver => {
            Meaning::Rejected
        }
        E::RateLimited | E::SignInDelayed | E::OutboxFull => Meaning::Limited,
        E::RequestRunning => Meaning::Running,
        E::RequestTimeout => Meaning::Unavailable,
        _ if code.status() == 403 => Meaning::Forbidden,
        _ if code.status() >= 500 => Meaning::Unavailable,
        _ => Meaning::Mistaken,
    }
}

impl fmt::Display for Refusal {
    /// What is wrong and what to do next. Nothing of it is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.detail)?;
        if !self.code.as_str().is_empty() {
            write!(f, " ({})", self.code.as_str())?;
        }
        if !self.fix.is_empty() {
            write!(f, "; {}", self.fix)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problem(status: u16, code: &str) -> Refusal {
        let body = json!({
            "type": "/errors", "title": "t", "status": status, "detail": "what is wrong", "instance": "i",
            "code": code, "fix": "do this", "doc_url": "/errors",
        });
        Refusal::read(status, None, body.to_string().as_bytes())
    }

    fn oauth(status: u16, error: &str) -> Refusal {
        let body = json!({"error": error, "error_description": "what is wrong"});
        Refusal::read(status, None, body.to_string().as_bytes())
    }

    #[test]
    fn every_refusal_means_one_thing() {
        use Meaning::*;
        for (refusal, meaning) in [
            (problem(401, "missing_credential"), Rejected),
            (problem(401, "invalid_token"), Rejected),
            (problem(403, "insufficient_scope"), Forbidden),
            (problem(403, "not_an_agent"), Forbidden),
            (problem(429, "rate_limited"), Limited),
            (problem(503, "draining"), Unavailable),
            (problem(503, "passwords_busy"), Unavailable),
            (problem(500, "internal"), Unavailable),
            (problem(408, "request_timeout"), Unavailable),
            (problem(409, "request_running"), Running),
            (problem(409, "not_delivered"), Mistaken),
            (problem(404, "not_found"), Mistaken),
            (problem(401, "of_a_newer_plane"), Unknown),
            (problem(418, "of_a_newer_plane"), Unknown),
            (problem(503, "of_a_newer_plane"), Unavailable),
            (oauth(401, "invalid_client"), Rejected),
            (oauth(400, "invalid_grant"), Mistaken),
            (oauth(429, "temporarily_unavailable"), Limited),
            (oauth(503, "temporarily_unavailable"), Unavailable),
            (oauth(400, "slow_down"), Unknown),
            (Refusal::read(502, None, b"<html>"), Unavailable),
            (Refusal::read(401, None, b""), Unknown),
            (Refusal::read(429, None, b"{}"), Limited),
        ] {
            assert_eq!(refusal.meaning(), meaning, "{refusal:?}");
        }
        assert!(oauth(400, "invalid_grant").ends_the_family());
    }

    #[test]
    fn the_text_says_what_is_wrong_and_what_to_do() {
        let text = problem(401, "invalid_token").to_string();
        assert_eq!(text, "what is wrong (invalid_token); do this");
        let text = Refusal::read(502, None, b"<html>").to_string();
        assert_eq!(text, "status 502 without a reason");
    }

    #[test]
    fn what_a_sign_in_says_besides_is_read() {
        let body = json!({
            "type": "", "title": "t", "status": 429, "detail": "", "instance": "", "code": "sign_in_delayed", "fix": "",
            "doc_url": "", "auth_reason": "source_penalised", "can_retry_with_device_token": true,
            "recommended_next_step": "wait", "retry_after_ms": 1500,
        });
        let refusal = Refusal::read(
            429,
            Some(Duration::from_secs(2)),
            body.to_string().as_bytes(),
        );
        assert_eq!(refusal.retry_after, Some(Duration::from_millis(1500)));
        assert!(refusal.auth.unwrap().can_retry_with_device_token);
    }
}
