//! `portunus usage` and `portunus prices`.

use super::Reach;
use super::when::When;
use clap::{Args, ValueEnum};

/// Show what was used: requests, tokens and money.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus usage                               every agent, today and the seven days before
  portunus usage --by day --since 30d --chart  a bar for each day
  portunus usage --by agent,model --since 2026-11-01 --until 2026-11-30 --csv > november.csv
  portunus usage --agent mayor --by model --json

Days are in UTC. Money is what the price table says; see `portunus prices`.")]
pub(crate) struct UsageArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// What is told apart, separated by commas [default: agent; day with --chart].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) by: Vec<By>,
    /// The first day: that of a span back from now, such as 30d, a day such as 2026-11-01, or that of a moment [default: 7d].
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,
    /// The last day [default: today].
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<When>,
    /// Only what this agent used: its name or id; it may be deleted.
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Only what was used of this model.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Only what was used of this pool.
    #[arg(long, value_name = "POOL")]
    pub(crate) pool: Option<String>,
    /// Print comma-separated values (RFC 4180), the same columns whatever is told apart.
    #[arg(long, conflicts_with_all = ["chart", "json"])]
    pub(crate) csv: bool,
    /// Draw a bar for each day, or for each sum a line over its days: money, or tokens where nothing has a price.
    #[arg(long, conflicts_with = "json")]
    pub(crate) chart: bool,
    /// What --chart draws [default: money if anything has a price].
    #[arg(long, value_name = "WHAT", requires = "chart")]
    pub(crate) of: Option<Measure>,
}

/// What sums can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// The day, in UTC.
    Day,
    /// Who asked.
    Agent,
    /// The provider key that was tried last.
    Key,
    /// The model, as clients write it.
    Model,
    /// The pool of that key.
    Pool,
}

impl By {
    /// As the API calls it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Agent => "agent",
            Self::Key => "key",
            Self::Model => "model",
            Self::Pool => "pool",
        }
    }
}

/// What a chart draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measure {
    /// What it cost.
    Money,
    /// All tokens.
    Tokens,
    /// Requests.
    Requests,
}

/// Show what tokens cost, and where each price comes from.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus prices                    every price, in the order in which they are tried
  portunus prices claude-sonnet-4-5  what this model costs
  portunus prices --json

Prices of your own go under [[prices]] in the configuration file; they win over the shipped ones.")]
pub(crate) struct PricesArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Only the prices of this model.
    #[arg(value_name = "MODEL")]
    pub(crate) model: Option<String>,
}
