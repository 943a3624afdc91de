//! What one attempt told us about its key: the vocabulary between the readers of upstream answers and the pool.

use crate::time::Timestamp;
use std::fmt;
use std::sync::Arc;

/// A family of models that shares upstream quotas, such as `sonnet` or `gpt-5`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Family(Arc<str>);

impl Family {
    /// From the name that the reader of the protocol derived from a model.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom a window binds: everything that the key does, or one model family of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WindowScope {
    /// The whole key.
    Key,
    /// One model family on this key.
    Family(Family),
}

/// One upstream quota of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowId {
    /// What it counts, in the provider's words: `requests`, `tokens`, `5h`, `7d_sonnet`, ... First, because windows of
    /// a key mostly differ in this, and comparing stops at the first difference.
    pub kind: Arc<str>,
    /// Whom it binds.
    pub scope: WindowScope,
}

/// What an answer says of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowStatus {
    /// The provider says `allowed` (or shows quota left).
    Allowed,
    /// The provider refused because of this window.
    Rejected,
    /// The answer does not say.
    Unstated,
}

/// One window as one answer shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowReading {
    /// Which window.
    pub id: WindowId,
    /// What the answer says of it.
    pub status: WindowStatus,
    /// Fraction spent, 0.0 to 1.0 and above; from a utilization header or `1 - remaining / limit`.
    pub utilization: Option<f64>,
    /// Units left (requests or tokens).
    pub remaining: Option<u64>,
    /// When it is full again.
    pub reset: Option<Timestamp>,
}

/// Whom an entitlement refusal binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntitlementScope {
    /// This request only (a long context, a fast mode).
    Request,
    /// This key may not use this model.
    KeyModel,
}

/// What an attempt's answer must be taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// An answer for the client.
    Ok,
    /// A quota is spent; the rejected windows say which and until when.
    Quota,
    /// The provider has no capacity right now, or failed inside (5xx): not the key's fault.
    Overload {
        /// How long the provider asks to wait, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// The credential is dead: 401, or an account that was switched off.
    CredentialDead,
    /// The account has no money left.
    MoneyOut,
    /// Another key may serve what this one is not entitled to.
    Entitlement(EntitlementScope),
    /// The request itself is at fault; the answer belongs to the client as it is.
    ClientFault,
    /// No usable answer came: connection, time-out, or bytes that are no answer of this protocol.
    Network,
}

impl Class {
    /// The stable name, for logs and the record.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Quota => "quota",
            Self::Overload { .. } => "overload",
            Self::CredentialDead => "credential_dead",
            Self::MoneyOut => "money_out",
            Self::Entitlement(_) => "entitlement",
            Self::ClientFault => "client_fault",
            Self::Network => "network",
        }
    }
}

/// One attempt's answer, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What it must be taken for.
    pub class: Class,
    /// The windows that it shows, also on success.
    pub windows: Vec<WindowReading>,
}

impl Observation {
    /// An observation that says nothing of windows.
    #[must_use]
    pub const fn bare(class: Class) -> Self {
        Self {
            class,
            windows: Vec::new(),
        }
    }
}
