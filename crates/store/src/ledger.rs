//! What requests leave behind: their decisions, in sealed segments, and the sums of what they used.
//!
//! A store knows of a decision only its number, and of a segment how to find it; how decisions are written as bytes
//! is up to `portunus-app`, which names the format of each segment.

use portunus_core::ids::{AgentId, KeyId, RequestId};
use portunus_core::time::Timestamp;
use portunus_core::usage::{Money, Usage};
use std::sync::Arc;

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// A day of the calendar, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u32);

impl Day {
    /// From days since the Unix epoch.
    #[must_use]
    pub const fn from_number(days: u32) -> Self {
        Self(days)
    }

    /// Days since the Unix epoch.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The day of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(u32::try_from(at.as_millis() / DAY_MS).unwrap_or(u32::MAX))
    }

    /// Its first moment.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        Timestamp::from_millis(u64::from(self.0).saturating_mul(DAY_MS))
    }
}

/// What is saved in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerBatch {
    /// Decisions; they get the next numbers, in their order.
    pub segment: Option<Arc<DecisionSegment>>,
    /// What to add to the sums.
    pub usage: Vec<UsageRow>,
}

/// Decisions of one run of a plane, written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionSegment {
    /// How [`DecisionSegment::bytes`] is to be read.
    pub format: u8,
    /// How many decisions there are.
    pub count: u32,
    /// When the first and the last of their requests came.
    pub came: (Timestamp, Timestamp),
    /// The lowest and the highest of their ids.
    pub ids: (RequestId, RequestId),
    /// The decisions. Two segments of one format that follow each other may be joined by joining their bytes.
    pub bytes: Vec<u8>,
}

/// A segment as a store has it. It may have been joined with others of its format and run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedSegment {
    /// The number of its first decision; the others follow without a gap. Numbers begin with 1 and are never reused.
    pub first: u64,
    /// The decisions.
    pub segment: DecisionSegment,
}

impl NumberedSegment {
    /// The number after its last decision.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first.saturating_add(u64::from(self.segment.count))
    }
}

/// From where, and in which direction, segments are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentOrder {
    /// Newest first, those that begin below this number.
    NewestBelow(u64),
    /// Oldest first, those that hold this number or a later one.
    OldestFrom(u64),
}

/// Which segments are asked for; every `None` lets all pass. A segment passes when it *may* hold a wanted decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentWish {
    /// From where.
    pub order: SegmentOrder,
    /// One that holds this request.
    pub id: Option<RequestId>,
    /// Ones with a request that came then or later.
    pub since: Option<Timestamp>,
    /// Ones with a request that came then or earlier.
    pub until: Option<Timestamp>,
    /// As many as fit into so many bytes, and at least one.
    pub most_bytes: u64,
}

/// How many decisions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Segments whose last request came before this moment are forgotten.
    pub since: Timestamp,
    /// The newest segments of no more than so many bytes are kept.
    pub bytes: u64,
}

/// What one agent used of one model on one key within one day: a sum, or what to add to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The day on which the requests came.
    pub day: Day,
    /// Who asked.
    pub agent: AgentId,
    /// The key that was tried last; `None` when no key was used.
    pub key: Option<KeyId>,
    /// The model as the client wrote it; `-` when the request names none.
    pub model: Arc<str>,
    /// The agent's name when it was last added to.
    pub agent_name: Arc<str>,
    /// The key's label when it was last added to; empty without a key.
    pub key_label: Arc<str>,
    /// The pool's name when it was last added to; empty without a key.
    pub pool: Arc<str>,
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

impl UsageRow {
    /// The greatest sum that every store can hold; sums stop there.
    pub const MOST: u64 = i64::MAX.cast_unsigned();

    /// Adds another sum of the same day, agent, key and model, and takes over its names.
    pub fn add(&mut self, other: &Self) {
        let plus = |one: u64, other: u64| one.saturating_add(other).min(Self::MOST);
        self.agent_name.clone_from(&other.agent_name);
        self.key_label.clone_from(&other.key_label);
        self.pool.clone_from(&other.pool);
        self.requests = plus(self.requests, other.requests);
        self.failed = plus(self.failed, other.failed);
        self.usage = Usage {
            input: plus(self.usage.input, other.usage.input),
            cache_read: plus(self.usage.cache_read, other.usage.cache_read),
            cache_write: plus(self.usage.cache_write, other.usage.cache_write),
            output: plus(self.usage.output, other.usage.output),
            reasoning: plus(self.usage.reasoning, other.usage.reasoning),
        };
        self.estimated = plus(self.estimated, other.estimated);
        self.cost = Money::from_nanos(plus(self.cost.as_nanos(), other.cost.as_nanos()));
        self.unpriced = plus(self.unpriced, other.unpriced);
    }
}
