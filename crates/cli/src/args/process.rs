//! `portunus log-level` and `reload`: the process that a plane runs in.

use super::Reach;
use clap::Args;

/// `portunus log-level`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus log-level                              shows what is logged
  portunus log-level debug
  portunus log-level info,portunus_proxy=debug    more of one part of the plane

It counts at once, and until the plane reads its configuration again or restarts.")]
pub(crate) struct LogLevelArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// off, error, warn, info, debug, trace, or directives such as info,portunus_proxy=debug.
    pub(crate) filter: Option<String>,
}

/// `portunus reload`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus reload
  portunus reload --json | jq -r '.needs_restart[].name'

SIGHUP to the process does the same. No request is dropped. A configuration with mistakes is refused
as a whole, and the one before it stays in force.")]
pub(crate) struct ReloadArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
}
