//! The kinds of no, and what goes with each: status, words of the protocol, and whether asking again helps.

use crate::provider::error_shape::ErrorKind;
use portunus_core::provider_key::Protocol;

/// What went wrong, as far as it decides the status and whether asking again helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Unauthenticated,
    Forbidden,
    InvalidRequest,
    NotFound,
    MethodNotAllowed,
    UpgradeRequired,
    RequestTimeout,
    TooLarge,
    /// All keys rest past the deadline.
    Limited,
    /// The agent asked more often than its quota lets it; it is served again soon.
    Paced,
    /// The provider has no capacity, or its answers for the pooled keys must not be shown.
    Overloaded,
    /// No account has money left.
    OutOfMoney,
    /// A budget has no room now, and will soon.
    BudgetHeld,
    /// A budget is spent for longer than a client waits.
    BudgetSpent,
    /// The request fits no reset of its budget.
    BudgetUnfit,
    /// The idempotency key stands for another request.
    KeyReused,
    /// The request under this key is under way, and its answer is not to be had twice.
    KeyBusy,
    /// The plane cannot serve now.
    Unavailable,
    BadUpstream,
    UpstreamTimeout,
}

impl Reason {
    /// The status and the words of the protocol.
    pub(super) const fn told(self, protocol: Protocol) -> (u16, ErrorKind) {
        match self {
            Self::Unauthenticated => (401, ErrorKind::Authentication),
            Self::Forbidden => (403, ErrorKind::Permission),
            Self::InvalidRequest => (400, ErrorKind::InvalidRequest),
            Self::NotFound => (404, ErrorKind::NotFound),
            Self::MethodNotAllowed => (405, ErrorKind::InvalidRequest),
            Self::UpgradeRequired => (426, ErrorKind::InvalidRequest),
            Self::RequestTimeout => (408, ErrorKind::Timeout),
            Self::TooLarge => (413, ErrorKind::TooLarge),
            Self::Limited => (429, ErrorKind::RateLimit),
            Self::BudgetHeld | Self::Paced => (429, ErrorKind::RateLimit),
            Self::OutOfMoney | Self::BudgetSpent => (429, ErrorKind::Billing),
            Self::BudgetUnfit => (400, ErrorKind::InvalidRequest),
            Self::KeyReused => (422, ErrorKind::InvalidRequest),
            Self::KeyBusy => (409, ErrorKind::InvalidRequest),
            Self::Overloaded => match protocol {
                Protocol::Anthropic => (529, ErrorKind::Overloaded),
                Protocol::OpenAi => (503, ErrorKind::Overloaded),
            },
            Self::Unavailable => (503, ErrorKind::Overloaded),
            Self::BadUpstream => (502, ErrorKind::Upstream),
            Self::UpstreamTimeout => (504, ErrorKind::Timeout),
        }
    }

    /// The usual value of `x-should-retry`; without one the client's own rules hold.
    pub(super) const fn should_retry(self) -> Option<&'static str> {
        match self {
            Self::Overloaded
            | Self::BudgetHeld
            | Self::Unavailable
            | Self::RequestTimeout
            | Self::BadUpstream
            | Self::UpstreamTimeout => None,
            Self::Paced => Some("true"),
            _ => Some("false"),
        }
    }
}
