//! Why an upstream gave no answer, or only the beginning of one.

use std::io;
use std::sync::Arc;

/// No answer came.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The upstream's address is not one that this plane may call.
    #[error("the upstream resolves to an address that is not allowed")]
    AddressRefused,
    /// The base URL names nobody who could be called.
    #[error("the base URL is none that could be called")]
    NoSuchUpstream,
    /// Name, connection and TLS handshake together took too long.
    #[error("no connection within the time for it")]
    ConnectTimedOut,
    /// No connection, or no agreement over TLS.
    #[error("no connection")]
    Connect(#[source] Arc<io::Error>),
    /// There was a connection, and it brought no answer.
    #[error("the connection brought no answer")]
    Broken(#[source] Arc<BrokenAnswer>),
}

impl SendError {
    pub(super) fn connect(error: io::Error) -> Self {
        Self::Connect(Arc::new(error))
    }

    /// Whether there was no connection at all: the upstream is to blame, and no part of the request.
    pub(crate) const fn is_connect(&self) -> bool {
        !matches!(self, Self::Broken(_))
    }

    /// Whether no connection was tried because the address is not allowed.
    pub(crate) const fn is_refused_address(&self) -> bool {
        matches!(self, Self::AddressRefused)
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
