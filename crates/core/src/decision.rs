//! The decision: the record of why one request went where it went, what it cost and how it ended.
//!
//! Moments inside a decision are microseconds since the request came, so that a story can be told without a clock.

use crate::ids::{AgentId, KeyId, PoolId, RequestId};
use crate::name::{Label, Slug};
use crate::pool::{Choice, PassedOver};
use crate::time::Timestamp;
use crate::trace::TraceContext;
use crate::usage::{Money, Usage, UsageSource};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// The whole story of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// As answered in `x-request-id`.
    pub id: RequestId,
    /// When the request came.
    pub at: Timestamp,
    /// Who asked, once proven.
    pub agent: Option<AgentId>,
    /// The agent's name at that time.
    pub agent_name: Option<Arc<str>>,
    /// What was asked for, such as `messages`; `-` when the path is none of the door's.
    pub endpoint: Cow<'static, str>,
    /// The model as the client wrote it, at most 100 characters.
    pub model: Option<Arc<str>>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// How it ended.
    pub outcome: Outcome,
    /// The status that the client saw; zero when it saw none.
    pub status: u16,
    /// Why it was refused or broke off, in the words that the client was told.
    pub reason: Option<Cow<'static, str>>,
    /// When the first byte of the answer was there for the client, in microseconds.
    pub first_byte_us: Option<u64>,
    /// How long it took in all, in microseconds.
    pub total_us: u64,
    /// Tokens of the answer.
    pub usage: Option<Usage>,
    /// Who counted them.
    pub usage_source: Option<UsageSource>,
    /// What it cost; `None` when the model has no price or nothing was used.
    pub cost: Option<Money>,
    /// The client's trace, while traces are exported; it is not kept.
    #[serde(skip)]
    pub trace: Option<TraceContext>,
}

/// One thing that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// A budget had no room for it.
    OverBudget {
        /// When.
        at_us: u64,
        /// Which budget, in words.
        budget: Cow<'static, str>,
    },
    /// It stood in the pool's queue.
    Waited {
        /// Since when.
        at_us: u64,
        /// How long.
        took_us: u64,
        /// Why no key was free when it began, the first of them.
        obstacles: Vec<PassedOver>,
        /// The moment that was expected to end the wait.
        earliest: Option<Timestamp>,
    },
    /// It was sent upstream.
    Attempted(Attempt),
    /// It repeated a request under the same idempotency key and got that one's answer: nothing was sent for it.
    Repeated {
        /// When.
        at_us: u64,
        /// The request that was sent.
        original: RequestId,
    },
}

/// One request to an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When the lease began.
    pub at_us: u64,
    /// Until it was known what the answer is.
    pub took_us: u64,
    /// The pool whose key was used.
    pub pool: PoolId,
    /// Its name at that time.
    pub pool_name: Slug,
    /// The key.
    pub key: KeyId,
    /// Its label at that time.
    pub label: Label,
    /// Why this key, and why none of the others.
    pub choice: Choice,
    /// The upstream's status, when it answered.
    pub status: Option<u16>,
    /// What the answer was taken for: a [`crate::pool::Class`] by its stable name.
    pub class: Cow<'static, str>,
    /// What there is to say beyond the class, such as `the connection was closed`.
    pub detail: Option<Cow<'static, str>>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The client has its answer.
    Served,
    /// The request was at fault; the upstream said so.
    ClientFault,
    /// The plane refused it.
    Refused,
    /// The answer broke off.
    BrokenOff,
    /// The client left before the end.
    ClientLeft,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [
        Self::Served,
        Self::ClientFault,
        Self::Refused,
        Self::BrokenOff,
        Self::ClientLeft,
    ];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::ClientFault => "client_fault",
            Self::Refused => "refused",
            Self::BrokenOff => "broken_off",
            Self::ClientLeft => "client_left",
        }
    }

    /// Reads the stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

impl Decision {
    /// The attempts, in order.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.steps.iter().filter_map(|step| match step {
            Step::Attempted(attempt) => Some(attempt),
            Step::OverBudget { .. } | Step::Waited { .. } | Step::Repeated { .. } => None,
        })
    }

    /// How long it stood in queues, in microseconds.
    #[must_use]
    pub fn waited_us(&self) -> u64 {
        self.steps.iter().fold(0, |sum, step| match step {
            Step::Waited { took_us, .. } => sum.saturating_add(*took_us),
            Step::OverBudget { .. } | Step::Attempted(_) | Step::Repeated { .. } => sum,
        })
    }
}
