//! What an upstream said when it did not serve: kept until we know whether another attempt will.

use crate::provider::Fields;
use crate::provider::error_shape::told_by_upstream;
use crate::upstream::{SendError, Unreachable, address};
use bytes::Bytes;
use http::StatusCode;

/// The beginning of an answer's body that is read to understand a failure, and to relay it if it is the client's, in bytes.
pub(crate) const ERROR_BODY_BYTES: usize = 1024 * 1024;

/// A whole answer without success, or why there was none.
#[derive(Clone, Debug)]
pub(crate) enum UpstreamAnswer {
    /// It answered.
    Said {
        /// Its status.
        status: StatusCode,
        /// Its headers, unfiltered.
        headers: Fields,
        /// At most [`ERROR_BODY_BYTES`] of its body.
        body: Bytes,
    },
    /// It answered nothing usable.
    Silent(Silence),
}

impl UpstreamAnswer {
    /// What it said, for a person; the provider's own words where there are any.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Said { status, body, .. } => {
                told_by_upstream(body).unwrap_or_else(|| match body.len() {
                    ERROR_BODY_BYTES.. => format!(
                        "The upstream answered {status} with more than 1 MiB, which was cut off."
                    ),
                    _ => format!("The upstream answered {status} without saying why."),
                })
            }
            Self::Silent(silence) => format!("The upstream {silence}."),
        }
    }

    /// The same for the record of the request, which names the address that gave no answer.
    pub(crate) fn recorded(&self, base_url: &str) -> String {
        match self {
            Self::Said { .. } => self.message(),
            Self::Silent(silence) => {
                let address = address(base_url);
                format!("The upstream at {address} {silence}.")
            }
        }
    }
}

/// Why there was no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Silence {
    /// No connection.
    #[error("could not be reached: {0}")]
    Unreachable(Unreachable),
    /// What would be sent is no request.
    #[error("was not asked, because the key's secret cannot stand in a header")]
    Unsendable,
    /// The connection broke before the answer; the request itself may have to do with it.
    #[error("closed the connection before it answered")]
    HungUp,
    /// Its address is not allowed.
    #[error("resolves to an address that this plane may not call")]
    AddressRefused,
    /// It did not begin to answer in time.
    #[error("did not answer in time")]
    TimedOut,
    /// The answer ended before its end.
    #[error("broke off its answer")]
    BrokeOff,
    /// What came is not HTTP.
    #[error("answered something that is not HTTP")]
    NotHttp,
    /// The answer is not of this protocol.
    #[error("answered something that is not of its protocol")]
    Garbage,
    /// It sent us elsewhere; redirects are never followed, since they would carry the key along.
    #[error("answered with a redirect, which is never followed")]
    Redirect,
    /// It compressed an answer although it was told not to.
    #[error("answered in a compression that was not asked for")]
    Encoded,
    /// The answer is larger than we take.
    #[error("answered more than is accepted")]
    TooLarge,
}

impl Silence {
    /// What stood between this plane and the upstream, when no connection came about.
    pub(crate) fn missed(self) -> Option<String> {
        match self {
            Self::Unreachable(why) => Some(why.to_string()),
            Self::AddressRefused => Some(format!("it {self}")),
            _ => None,
        }
    }
}

impl From<&SendError> for Silence {
    fn from(error: &SendError) -> Self {
        match error {
            SendError::AddressRefused => Self::AddressRefused,
            SendError::Unreachable { why, .. } => Self::Unreachable(*why),
            SendError::Broken(broken) if broken.is_not_http() => Self::NotHttp,
            SendError::Broken(_) => Self::HungUp,
        }
    }
}
