//! `portunus alarms`.

use super::{PageArgs, Reach};
use clap::{Args, Subcommand};

/// What people should look at.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus alarms list --open
  portunus alarms ack alm_2nFr0cJ7cQ8m5hQX3GjTlV")]
pub(crate) struct AlarmsArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: AlarmsVerb,
}

/// What is done with alarms.
#[derive(Debug, Subcommand)]
pub(crate) enum AlarmsVerb {
    /// List alarms, newest first.
    #[command(
        after_help = "Examples:\n  portunus alarms list --open\n  portunus alarms list --json --limit 10"
    )]
    List {
        /// Only those that nobody has looked at.
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Say that you have looked at alarms; what happens again is another alarm.
    #[command(
        after_help = "Examples:\n  portunus alarms ack alm_2nFr0cJ7cQ8m5hQX3GjTlV\n  portunus alarms ack --all"
    )]
    Ack {
        /// Ids, as `alarms list` shows them.
        #[arg(
            value_name = "ID",
            required_unless_present = "all",
            conflicts_with = "all"
        )]
        alarms: Vec<String>,
        /// Every alarm that is open.
        #[arg(long)]
        all: bool,
    },
}
