//! `portunus audit`.

use super::Reach;
use clap::{Args, Subcommand};

/// The record of what happened.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus audit list --limit 20
  portunus audit list --action key.         everything that happened to keys
  portunus audit list --subject mayor --json")]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: AuditVerb,
}

/// What is done to the record.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditVerb {
    /// List events, newest first.
    #[command(
        after_help = "Examples:\n  portunus audit list --limit 20\n  portunus audit list --action key.limited --json\n  portunus audit list --subject anthropic:a"
    )]
    List {
        /// Only actions that begin with this, such as `agent.` or `key.limited`.
        #[arg(long, value_name = "PREFIX")]
        action: Option<String>,
        /// Only events of this agent, operator, pool or key: its name, POOL:LABEL, id or kid.
        #[arg(long, value_name = "NAME")]
        subject: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Read on after an earlier list's `next_cursor`.
        #[arg(long, value_name = "CURSOR")]
        cursor: Option<String>,
    },
}
