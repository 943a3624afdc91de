//! Budgets on the wire. Amounts are whole numbers: requests, tokens, or billionths of a US dollar.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Whom a budget binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetScope {
    /// Every agent by itself, unless it has a budget of its own for the same measure and window.
    EveryAgent,
    /// One agent.
    Agent,
    /// All requests to one pool together.
    Pool,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Requests that were sent upstream; several attempts of one request are one.
    Requests,
    /// Tokens of every kind, each counted once.
    Tokens,
    /// Billionths of a US dollar.
    Money,
    /// Requests that run at the same time.
    Concurrency,
}

/// The time within which is counted; by the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// From one full minute to the next.
    Minute,
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the first of the next.
    Month,
    /// For ever.
    Total,
}

/// What happens to a request for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It passes; operators are told.
    Warn,
    /// It is refused.
    Stop,
}

/// A budget and how it stands.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Budget {
    /// `bud_` and 22 characters.
    pub id: String,
    /// Whom it binds.
    pub scope: BudgetScope,
    /// Name of the agent or pool; `null` for every agent.
    pub subject: Option<String>,
    /// What people call the agent, if it has such a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_display_name: Option<String>,
    /// What is counted.
    pub measure: Measure,
    /// Within which time; `null` for concurrency.
    pub window: Option<Window>,
    /// How much at most; money in billionths of a US dollar.
    pub limit: u64,
    /// What happens beyond it.
    pub action: Action,
    /// The share of the limit at which operators are warned, in per cent.
    pub warn_at: u8,
    /// Of a budget of every agent: whose standing the following fields show, which is the one that used most of it,
    /// or the one that was asked for; `null` when nobody used anything.
    pub fullest: Option<String>,
    /// What people call that one, if it has such a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fullest_display_name: Option<String>,
    /// What requests that have ended used in this window.
    pub spent: u64,
    /// What running requests have reserved.
    pub reserved: u64,
    /// What can still be reserved.
    pub remaining: u64,
    /// When the window ends; `null` for what is counted in total or at once.
    #[schema(format = DateTime)]
    pub resets_at: Option<String>,
    /// How long that is from now, in milliseconds.
    pub resets_in_ms: Option<u64>,
    /// When it was set for the first time.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// Body of `POST /api/v1/budgets`. Per scope, subject, measure and window there is one budget: setting it again
/// changes it.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetBudget {
    /// Whom it binds.
    pub scope: BudgetScope,
    /// Name or id of the agent or pool; absent for every agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What is counted.
    pub measure: Measure,
    /// Within which time; absent for concurrency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// How much at most; money in billionths of a US dollar. Zero lets nothing through.
    #[schema(maximum = 9_007_199_254_740_991_u64)]
    pub limit: u64,
    /// What happens beyond it; when absent it stays as it is, and a new budget stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// The share of the limit at which operators are warned, in per cent; when absent it stays as it is, and a new
    /// budget warns at 80.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub warn_at: Option<u8>,
}

/// Body of `PATCH /api/v1/budgets/{budget}`: absent fields stay as they are.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateBudget {
    /// How much at most; money in billionths of a US dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 9_007_199_254_740_991_u64)]
    pub limit: Option<u64>,
    /// What happens beyond it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// The share of the limit at which operators are warned, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub warn_at: Option<u8>,
}

/// Query of `GET /api/v1/budgets`: at most one of them.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BudgetsQuery {
    /// Only those that bind this agent, by its name or id; budgets of every agent as they stand for it.
    pub agent: Option<String>,
    /// Only those of this pool, by its name or id.
    pub pool: Option<String>,
}

/// Answer of `DELETE /api/v1/budgets/{budget}`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct BudgetRemoved {
    /// The budget as it was.
    pub budget: Budget,
}
