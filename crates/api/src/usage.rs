//! What was used, and what it costs, on the wire. Money is in billionths of a US dollar, days are in UTC.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Parameters of `GET /api/v1/usage`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// The first day, such as `2026-11-01`, or `7d` for the day so many days ago; seven days before today or `until`,
    /// whichever is earlier, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The last day; today when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(format = Date)]
    pub until: Option<String>,
    /// What sums are told apart by: some of `day`, `agent`, `key`, `model`, `pool`, separated by commas; `agent` when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Only what this agent used: its name or its id. It may be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Only what was used of this model, written as clients write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only what was used of this pool: its name or its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Sums per page, 1 to 1000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(min_length = 1)]
    pub cursor: Option<String>,
}

/// What was used.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct UsageReport {
    /// The first day.
    #[schema(format = Date)]
    pub since: String,
    /// The last day.
    #[schema(format = Date)]
    pub until: String,
    /// One page of sums: by day when told apart by it, then the dearest first.
    pub items: Vec<UsageSum>,
    /// Where the next page begins; `null` on the last.
    pub next_cursor: Option<String>,
    /// Everything together, on this page or not.
    pub total: UsageCounts,
}

/// One sum, and what it is of; what it is not told apart by is absent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct UsageSum {
    /// The day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub day: Option<String>,
    /// The agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<UsageAgent>,
    /// The provider key that was tried last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<UsageKey>,
    /// The model as clients write it; `-` where they named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The pool; empty where no key was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// What it comes to.
    #[serde(flatten)]
    pub counts: UsageCounts,
}

/// An agent that used something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct UsageAgent {
    /// Its id.
    pub id: String,
    /// Its name at that time.
    pub name: String,
    /// What people call it now, if it lives and has such a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

impl UsageAgent {
    /// What people call it.
    #[must_use]
    pub fn called(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }
}

/// A provider key that was used.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct UsageKey {
    /// Its id; `null` where no key was used.
    pub id: Option<String>,
    /// Its label at that time.
    pub label: String,
    /// Its pool.
    pub pool: String,
}

/// Requests, tokens and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct UsageCounts {
    /// Requests.
    pub requests: u64,
    /// Those of them that did not end with a whole answer.
    pub failed: u64,
    /// Input tokens that were neither read from nor written to a prompt cache.
    pub input: u64,
    /// Input tokens read from a prompt cache.
    pub cache_read: u64,
    /// Input tokens written to a prompt cache.
    pub cache_write: u64,
    /// Output tokens, those spent on reasoning included.
    pub output: u64,
    /// The part of `output` that was spent on reasoning, where providers say.
    pub reasoning: u64,
    /// Requests whose tokens were estimated, because the provider did not count them.
    pub estimated: u64,
    /// What it cost by the price table, in billionths of a US dollar.
    pub cost_nanos: u64,
    /// Requests that used tokens of a model without a price: they are not in `cost_nanos`.
    pub unpriced: u64,
}

impl UsageCounts {
    /// All tokens, each counted once; saturating.
    #[must_use]
    pub const fn tokens(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write)
            .saturating_add(self.output)
    }
}

/// The price table in force.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Prices {
    /// The day on which the shipped prices were read from the price pages of the providers.
    #[schema(format = Date)]
    pub shipped_as_of: String,
    /// Every price, in the order in which they are tried: the first whose name fits a model is the one.
    pub items: Vec<Price>,
    /// Always `null`: the table comes whole.
    pub next_cursor: Option<String>,
}

/// What one model, or several, cost: US dollars per million tokens, as decimal numbers in text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Price {
    /// The model; each `*` stands for any characters.
    pub model: String,
    /// Only for requests whose whole prompt has more tokens than this; `null` for all others.
    pub prompt_above: Option<u64>,
    /// Fresh input.
    pub input: String,
    /// Output; `null` where answers have none.
    pub output: Option<String>,
    /// Input read from a cache; `null` is the price of fresh input.
    pub cache_read: Option<String>,
    /// Input written to a cache; `null` is the price of fresh input.
    pub cache_write: Option<String>,
    /// Input written to a cache that keeps it for an hour or longer; `null` is the price of any other writing.
    pub cache_write_long: Option<String>,
    /// Who says so: `shipped` or `configured`.
    pub origin: String,
}
