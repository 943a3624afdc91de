//! `portunus sources`.

use super::{PageArgs, Reach};
use clap::{Args, Subcommand};

/// Where credentials that failed came from.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus sources list
  portunus sources clear 203.0.113.7")]
pub(crate) struct SourcesArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(subcommand)]
    pub(crate) verb: SourcesVerb,
}

/// What is done to sources.
#[derive(Debug, Subcommand)]
pub(crate) enum SourcesVerb {
    /// List sources whose credentials failed in the last minute, and those with a penalty.
    #[command(
        after_help = "Examples:\n  portunus sources list\n  portunus sources list --json | jq -r '.items[] | select(.penalised_until) | .source'"
    )]
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Forget what is held against a source: its penalty ends at once.
    #[command(
        after_help = "Examples:\n  portunus sources clear 203.0.113.7\n  portunus sources clear 2001:db8:1:2::/64"
    )]
    Clear {
        /// An IP address, or an IPv6 network of /64 or /48.
        source: String,
    },
}
