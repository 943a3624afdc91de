//! `portunus budgets`.

use super::Reach;
use super::amount::{Count, Dollars};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};

/// Budgets of agents and pools.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus budgets set --agent mayor --money 5 --per day
  portunus budgets set --every-agent --tokens 2M --per day --action warn
  portunus budgets set --pool anthropic --concurrency 32
  portunus budgets list
  portunus budgets remove ID

A budget of every agent binds each agent by itself; an agent's own budget takes its place.")]
pub(crate) struct BudgetsArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: BudgetsVerb,
}

/// What is done to budgets.
#[derive(Debug, Subcommand)]
pub(crate) enum BudgetsVerb {
    /// Set a budget, or change the one that counts the same.
    Set(SetBudget),
    /// List budgets and how they stand.
    #[command(
        after_help = "Examples:\n  portunus budgets list\n  portunus budgets list --agent mayor      all that bind this agent"
    )]
    List(ListBudgets),
    /// Remove a budget; what was counted for it is forgotten.
    #[command(after_help = "Examples:\n  portunus budgets list\n  portunus budgets remove ID")]
    Remove {
        /// Id, as `budgets list` shows it.
        id: String,
    },
}

/// By which calendar unit is counted, in UTC.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Per {
    /// From one full minute to the next.
    Minute,
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the first of the next.
    Month,
}

/// What happens to a request for which there is no room.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ActionArg {
    /// It passes; operators are told.
    Warn,
    /// It is refused.
    Stop,
}

/// A budget to be set.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus budgets set --agent mayor --money 5 --per day              $5.00 a day, then stop
  portunus budgets set --agent mayor --requests 1000 --total          1000 requests in total
  portunus budgets set --every-agent --tokens 2M --per day            2,000,000 tokens a day for each agent
  portunus budgets set --pool anthropic --money 500 --per month --action warn --warn-at 90
  portunus budgets set --agent mayor --concurrency 8                  8 requests at once

Setting a budget of the same agent or pool, measure and window again changes its limit; what was counted stays.")]
#[command(group(ArgGroup::new("whom").required(true).args(["agent", "pool", "every_agent"])))]
#[command(group(ArgGroup::new("limit").required(true).args(["requests", "tokens", "money", "concurrency"])))]
#[command(group(ArgGroup::new("window").args(["per", "total"])))]
pub(crate) struct SetBudget {
    /// The agent that it binds, by name or id.
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// The pool that it binds, by name or id: all requests to it together.
    #[arg(long, value_name = "NAME")]
    pub(crate) pool: Option<String>,
    /// Every agent by itself.
    #[arg(long)]
    pub(crate) every_agent: bool,
    /// At most so many requests: 1000, 5k.
    #[arg(long, value_name = "N", requires = "window")]
    pub(crate) requests: Option<Count>,
    /// At most so many tokens: 500k, 2M.
    #[arg(long, value_name = "N", requires = "window")]
    pub(crate) tokens: Option<Count>,
    /// At most so many US dollars: 5, 5.50, 0.05.
    #[arg(long, value_name = "USD", requires = "window")]
    pub(crate) money: Option<Dollars>,
    /// At most so many requests at once.
    #[arg(long, value_name = "N", conflicts_with = "window")]
    pub(crate) concurrency: Option<Count>,
    /// The time within which is counted, by the calendar in UTC.
    #[arg(long, value_name = "WINDOW")]
    pub(crate) per: Option<Per>,
    /// Count for ever.
    #[arg(long)]
    pub(crate) total: bool,
    /// What happens beyond it [default: stop, or as it was].
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<ActionArg>,
    /// Tell operators when so many per cent are used [default: 80, or as it was].
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) warn_at: Option<u8>,
}

/// Which budgets are listed.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whose").args(["agent", "pool"])))]
pub(crate) struct ListBudgets {
    /// Only those that bind this agent, by name or id.
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Only those of this pool, by name or id.
    #[arg(long, value_name = "NAME")]
    pub(crate) pool: Option<String>,
}
