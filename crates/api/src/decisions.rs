//! Decisions on the wire: the story of one request, and which stories are asked for.
//!
//! Moments are RFC 3339 in UTC. Spans here are whole microseconds in fields that end in `_us`; those called `at_us`
//! count from [`Decision::at`].

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Why one request went where it went, what it cost and how it ended.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
pub struct Decision {
    /// Its number in the record, from 1, in the order in which requests ended; of those that ended at the same moment either
    /// may come first. `null` while the database does not take it.
    pub seq: Option<u64>,
    /// `req_` and 22 characters, as answered in `x-request-id`.
    pub id: String,
    /// When the request came.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who asked; `null` when that was not proven.
    pub agent: Option<AgentThen>,
    /// What was asked for, such as `messages`; `-` when the path is none of the door's.
    pub endpoint: String,
    /// The model as the client wrote it, at most 100 characters.
    pub model: Option<String>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// How it ended.
    pub outcome: Outcome,
    /// The HTTP status that the client saw; `null` when it saw none.
    pub status: Option<u16>,
    /// Why it was refused or broke off, in the words that the client was told.
    pub reason: Option<String>,
    /// How long it stood in queues.
    pub waited_us: u64,
    /// When the first byte of the answer was there for the client.
    pub first_byte_us: Option<u64>,
    /// How long it took in all.
    pub total_us: u64,
    /// Tokens of the answer; `null` when there were none to count.
    pub usage: Option<TokensUsed>,
    /// What it cost, in US dollars, exact to a billionth; `null` when the model has no price or nothing was used.
    pub cost_usd: Option<f64>,
}

/// An agent, as it was called then.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct AgentThen {
    /// `agt_` and 22 characters.
    pub id: String,
    /// Its name at that time.
    pub name: String,
    /// What people call it now, if it lives and has such a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

impl AgentThen {
    /// What people call it.
    #[must_use]
    pub fn called(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
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

/// Tokens; each is counted once, but `reasoning` is a part of `output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct TokensUsed {
    /// Input tokens that were neither read from nor written to a prompt cache.
    pub input: u64,
    /// Input tokens read from a prompt cache.
    pub cache_read: u64,
    /// Input tokens written to a prompt cache.
    pub cache_write: u64,
    /// Output tokens, those spent on reasoning included.
    pub output: u64,
    /// The part of `output` that was spent on reasoning; zero where the provider does not say.
    pub reasoning: u64,
    /// Whether they are estimated, because the answer ended before the provider counted.
    pub estimated: bool,
}

/// One thing that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// A budget had no room for it.
    OverBudget {
        /// When.
        at_us: u64,
        /// Which budget, in words.
        budget: String,
    },
    /// It stood in the pool's queue.
    Waited {
        /// Since when.
        at_us: u64,
        /// How long.
        took_us: u64,
        /// Why no key was free when the wait began, the first of them.
        obstacles: Vec<PassedOver>,
        /// The moment that was expected to end the wait.
        #[schema(format = DateTime)]
        earliest: Option<String>,
    },
    /// It was sent upstream.
    Attempted(Attempt),
    /// It repeated a request under the same idempotency key and got that one's answer: nothing was sent for it, and
    /// nothing charged.
    Repeated {
        /// When.
        at_us: u64,
        /// The request that was sent: `req_` and 22 characters.
        original: String,
    },
}

/// One request to an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Attempt {
    /// When the lease began.
    pub at_us: u64,
    /// Until it was known what the answer is.
    pub took_us: u64,
    /// Name of the pool at that time.
    pub pool: String,
    /// Id of the key.
    pub key: String,
    /// Label of the key at that time.
    pub label: String,
    /// What decided for this key: `only_one`, `bound`, `not_spent`, `priority`, `conversation`, `headroom`,
    /// `least_recent`, `probe` or `queue`.
    pub chosen_for: String,
    /// Other keys of the pool, and why each was passed over.
    pub passed_over: Vec<PassedOver>,
    /// How many more were passed over without being named.
    pub passed_over_unnamed: u32,
    /// The upstream's HTTP status, when it answered.
    pub status: Option<u16>,
    /// What the answer was taken for: `ok`, `quota`, `overload`, `credential_dead`, `money_out`, `entitlement`,
    /// `client_fault`, `network`, or `unfinished` when nobody waited for it any more.
    pub class: String,
    /// What there is to say beyond that: the provider's own words, or the address that gave no answer, and why.
    pub detail: Option<String>,
}

/// A key that did not get the request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct PassedOver {
    /// Id of the key.
    pub key: String,
    /// Its label today; `null` when the key is gone.
    pub label: Option<String>,
    /// Why: `disabled`, `quarantined`, `out_of_money`, `resting`, `being_tried`, `not_entitled`, `avoided`, `not_bound`,
    /// `spent`, `lower_priority`, `conversation_elsewhere`, `less_headroom` or `used_more_recently`.
    pub why: String,
    /// The window that was rejected, for `resting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// When that ends, for `resting` and `out_of_money`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// The headroom that it had, in tenths, for `less_headroom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headroom_tenths: Option<u8>,
}

/// Which outcomes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WantedOutcome {
    /// The client has its answer.
    Served,
    /// The request was at fault.
    ClientFault,
    /// The plane refused it.
    Refused,
    /// The answer broke off.
    BrokenOff,
    /// The client left before the end.
    ClientLeft,
    /// Every one but `served`.
    Failed,
}

/// Parameters of `GET /api/v1/decisions`. Newest come first, unless `after` is given. A page may be short, even empty,
/// and still have a `next_cursor`: it ends after a certain time of looking.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DecisionsQuery {
    /// Only requests of this agent: its name at that time, or its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Only requests that were sent with this key: its label at that time, `pool:label`, or its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Only requests that were sent with a key of this pool: its name at that time, or its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Only requests for this model, as the client wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only requests that ended so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub outcome: Option<WantedOutcome>,
    /// Only requests that came at this moment (RFC 3339) or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(format = DateTime)]
    pub since: Option<String>,
    /// Only requests that came at this moment (RFC 3339) or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(format = DateTime)]
    pub until: Option<String>,
    /// Only requests that took longer in all, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(format = "uint64")]
    pub slower_than_ms: Option<u64>,
    /// Only decisions after this `seq`, oldest first; 0 begins at the oldest. Then every page has a `next_cursor`, which
    /// goes on where the page ended: so the record is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(format = "uint64")]
    pub after: Option<u64>,
    /// Items per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before; with the other parameters as they were, but without `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}
