//! Asking for sums of usage: over which days, of whom, and by what they are told apart.

use crate::{Day, UsageRow};
use portunus_core::ids::{AgentId, KeyId};
use portunus_core::usage::{Money, Usage};

/// What sums can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageDimension {
    /// The day of the request, in UTC.
    Day,
    /// Who asked.
    Agent,
    /// The provider key that was tried last.
    Key,
    /// The model as the client wrote it.
    Model,
    /// The pool of the key that was tried last.
    Pool,
}

/// Which sums are asked for. Every `None` lets all pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageWish {
    /// The first and the last day.
    pub days: (Day, Day),
    /// What the sums are told apart by; none of them is one sum of all.
    pub by: Vec<UsageDimension>,
    /// One agent.
    pub agent: Option<UsedBy>,
    /// One model, by its exact name.
    pub model: Option<String>,
    /// One pool, by its name.
    pub pool: Option<String>,
    /// So many of the first sums are passed over.
    pub skip: u32,
    /// At most so many sums.
    pub limit: u32,
}

/// How an agent is named that may be long gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsedBy {
    /// By its id.
    Id(AgentId),
    /// By its name: every agent that has or had it.
    Name(String),
}

/// One sum: what it is of, and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSum {
    /// What it is of; what was not asked for is `None`.
    pub of: UsageOf,
    /// Requests.
    pub requests: u64,
    /// Those of them whose outcome is another than served.
    pub failed: u64,
    /// Tokens.
    pub usage: Usage,
    /// Requests whose tokens were estimated.
    pub estimated: u64,
    /// What they cost.
    pub cost: Money,
    /// Requests that used tokens of a model without a price.
    pub unpriced: u64,
}

/// What a sum is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageOf {
    /// The day.
    pub day: Option<Day>,
    /// The agent, with its latest name.
    pub agent: Option<(AgentId, String)>,
    /// The key.
    pub key: Option<UsedKey>,
    /// The model; `-` where requests named none.
    pub model: Option<String>,
    /// The pool's name; empty where no key was used.
    pub pool: Option<String>,
}

/// A key that was used, or that none was.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsedKey {
    /// `None` when no key was used.
    pub id: Option<KeyId>,
    /// Its label.
    pub label: String,
    /// Its pool's name.
    pub pool: String,
}

impl UsageSum {
    /// Nothing, of something.
    #[must_use]
    pub fn none(of: UsageOf) -> Self {
        Self {
            of,
            requests: 0,
            failed: 0,
            usage: Usage::default(),
            estimated: 0,
            cost: Money::ZERO,
            unpriced: 0,
        }
    }

    /// Adds a row; sums stop at [`UsageRow::MOST`].
    pub fn add(&mut self, row: &UsageRow) {
        let plus = |sum: &mut u64, more: u64| {
            *sum = sum.saturating_add(more).min(UsageRow::MOST);
        };
        plus(&mut self.requests, row.requests);
        plus(&mut self.failed, row.failed);
        plus(&mut self.usage.input, row.usage.input);
        plus(&mut self.usage.cache_read, row.usage.cache_read);
        plus(&mut self.usage.cache_write, row.usage.cache_write);
        plus(&mut self.usage.output, row.usage.output);
        plus(&mut self.usage.reasoning, row.usage.reasoning);
        plus(&mut self.estimated, row.estimated);
        plus(&mut self.unpriced, row.unpriced);
        let cost = self.cost.as_nanos().saturating_add(row.cost.as_nanos());
        self.cost = Money::from_nanos(cost.min(UsageRow::MOST));
    }
}
