//! Why an upstream gave no answer, or only the beginning of one.

use super::unreachable::Unreachable;
use std::io;
use std::sync::Arc;

/// No answer came.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The upstream's address is not one that this plane may call.
    #[error("the upstream resolves to an address that is not allowed")]
    AddressRefused,
    /// No connection, or no agreement over TLS.
    #[error("{why}")]
    Unreachable {
        /// As far as a person has to know it.
        why: Unreachable,
        /// What was met, if anything was.
        #[source]
        met: Option<Arc<io::Error>>,
    },
    /// There was a connection, and it brought no answer.
    #[error("the connection brought no answer")]
    Broken(#[source] Arc<BrokenAnswer>),
}

impl SendError {
    /// An attempt to connect met `error`.
    pub(super) fn connecting(error: io::Error) -> Self {
        Self::meeting(Unreachable::of_connection(&error), error)
    }

    /// A TLS handshake met `error`.
    pub(super) fn shaking_hands(error: io::Error) -> Self {
        Self::meeting(Unreachable::of_handshake(&error), error)
    }

    /// `why`, as `error` shows.
    pub(super) fn meeting(why: Unreachable, error: io::Error) -> Self {
        let met = Some(Arc::new(error));
        Self::Unreachable { why, met }
    }
}

impl From<Unreachable> for SendError {
    fn from(why: Unreachable) -> Self {
        Self::Unreachable { why, met: None }
    }
}

impl From<BrokenAnswer> for SendError {
    fn from(error: BrokenAnswer) -> Self {
        Self::Broken(Arc::new(error))
    }
}

/// An answer that is none, or has no end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokenAnswer {
    /// It ended before its end.
    #[error("the connection was closed too early")]
    ClosedEarly,
    /// The connection broke.
    #[error("the connection broke")]
    Io(#[source] io::Error),
    /// What came is not HTTP.
    #[error("the head of the answer is not HTTP/1.1")]
    NotHttp(#[source] httparse::Error),
    /// A header that no client may see.
    #[error("the head of the answer has a malformed header")]
    Header,
    /// The head has no end.
    #[error("the head of the answer is too long")]
    HeadTooLong,
    /// An answer that was not asked for.
    #[error("the upstream switched protocols without being asked")]
    Switched,
    /// Where the body ends cannot be told for sure (RFC 9112, 6.3).
    #[error("the length of the answer's body is ambiguous")]
    AmbiguousLength,
    /// The body is not cut into chunks as it says (RFC 9112, 7.1).
    #[error("the answer's body is cut into malformed chunks")]
    Chunks,
    /// The same trouble over HTTP/2.
    #[error("HTTP/2")]
    Http2(#[source] hyper::Error),
}

impl BrokenAnswer {
    /// Whether something came that is no answer over HTTP, or none that could be read for sure.
    pub(crate) const fn is_not_http(&self) -> bool {
        match self {
            Self::ClosedEarly | Self::Io(_) | Self::Http2(_) => false,
            Self::NotHttp(_)
            | Self::Header
            | Self::HeadTooLong
            | Self::Switched
            | Self::AmbiguousLength
            | Self::Chunks => true,
        }
    }
}
