//! How a call to the plane fails, so that a program can tell what to do: change the credential, ask otherwise, or later.

use crate::pin::Pin;
use crate::reconnect::End;
use crate::refusal::{Meaning, Refusal};
use std::time::Duration;

/// Why there is no connection, or no whole answer. Never holds what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// There is no connection, so nothing was sent.
    #[error("cannot be reached ({0})")]
    NotConnected(String),
    /// The server shows this certificate, which is not pinned, so nothing was sent.
    #[error("is not who is meant: it shows the certificate {0}, which is not pinned")]
    NotPinned(Pin),
    /// Nobody whom this machine trusts vouches for the server, so nothing was sent.
    #[error("is not trusted: {why}; it shows the certificate {shown}")]
    NotTrusted {
        /// The certificate that it shows.
        shown: Pin,
        /// What is wrong with it, in words.
        why: String,
    },
    /// The connection broke before the answer was whole.
    #[error("broke off the connection ({0})")]
    Broken(String),
    /// Nothing came in time.
    #[error("did not answer within {} s", .0.as_secs())]
    Silent(Duration),
}

impl Lost {
    /// Whether the request may have arrived all the same.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        !matches!(self, Self::NotConnected(_)) && !self.is_stranger()
    }

    /// Whether somebody else may be there than who is meant, which no waiting mends.
    #[must_use]
    pub const fn is_stranger(&self) -> bool {
        matches!(self, Self::NotPinned(_) | Self::NotTrusted { .. })
    }
}

/// Why a call failed, when all that could be tried was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The credential is missing or wrong, and nothing that is sent with it will succeed. Give the client another token.
    #[error("the credential is not accepted: {0}")]
    Rejected(Box<Refusal>),
    /// The plane refused this request.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// No plane answered. Where [`Lost::may_have_arrived`], a change may have been carried out.
    #[error("{plane} {lost}")]
    Unanswered {
        /// The address that was tried last.
        plane: String,
        /// What happened there.
        lost: Lost,
    },
    /// The plane answered something that this library does not understand.
    #[error("the plane's answer cannot be read: {0}")]
    Unreadable(String),
    /// The request cannot be expressed in HTTP or JSON.
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
    /// Push ended for good.
    #[error("push ended: {0}")]
    Ended(End),
    /// A change needs a key by chance.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

impl Error {
    pub(crate) fn of(refusal: Refusal) -> Self {
        match refusal.meaning() {
            Meaning::Rejected => Self::Rejected(refusal.into()),
            _ => Self::Refused(refusal.into()),
        }
    }

    /// Why push ended for good.
    pub(crate) fn of_end(end: End) -> Self {
        match end {
            End::TurnedAway(refusal) => Self::of(*refusal),
            other => Self::Ended(other),
        }
    }

    /// What the plane said, when it was the plane that refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Rejected(refusal) | Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// When the same may succeed, if the plane said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal().and_then(|refusal| refusal.retry_after)
    }

    /// Whether asking for the same again, however late, is useless: somebody has to change something first.
    ///
    /// A code that this library does not know is no reason to give up, and neither is an answer that it cannot read.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Rejected(_) | Self::Unsendable(_) | Self::Ended(_) => true,
            Self::Refused(refusal) => {
                matches!(refusal.meaning(), Meaning::Forbidden | Meaning::Mistaken)
            }
            Self::Unanswered { .. } | Self::Unreadable(_) | Self::NoRandomness => false,
        }
    }
}

/// Why there is no client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// No address was given.
    #[error("no plane: give at least one address")]
    NoPlane,
    /// An address cannot be used.
    #[error("`{text}` {why}")]
    Address {
        /// The address; empty when it may hold a password.
        text: String,
        /// What is wrong with it.
        why: crate::AddressError,
    },
    /// No token was given, or an empty one.
    #[error("no token: an operator makes one with `portunus agents create NAME`")]
    NoToken,
    /// What was given cannot be a token.
    #[error("the token {0}")]
    Token(&'static str),
    /// TLS is needed and nothing says whom to trust.
    #[error(
        "no root certificates were found: install the ca-certificates package, set SSL_CERT_FILE, or pin the plane's certificate"
    )]
    NoRoots,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> Error {
        let body = serde_json::json!({
            "type": "", "title": "t", "status": status, "detail": "", "instance": "", "code": code, "fix": "",
            "doc_url": "",
        });
        Error::of(Refusal::read(status, None, body.to_string().as_bytes()))
    }

    #[test]
    fn what_only_a_person_can_mend_is_final_and_nothing_else() {
        for (error, is_final) in [
            (refused(401, "invalid_token"), true),
            (refused(401, "missing_credential"), true),
            (refused(403, "insufficient_scope"), true),
            (refused(400, "invalid_body"), true),
            (refused(429, "rate_limited"), false),
            (refused(503, "store_unavailable"), false),
            (refused(401, "of_a_newer_plane"), false),
            (Error::Unreadable(String::new()), false),
            (Error::NoRandomness, false),
        ] {
            assert_eq!(error.is_final(), is_final, "{error:?}");
        }
    }
}
