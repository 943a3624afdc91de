//! `portunus audit`.

use super::Reach;
use super::when::When;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The record of what happened.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus audit list --limit 20
  portunus audit list --action key.         everything that happened to keys
  portunus audit list --subject mayor --json
  portunus audit export --to audit.jsonl    everything, with what proves it
  portunus audit verify audit.jsonl         whether anything was altered or dropped")]
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
    /// Write the whole log with the hashes, signatures and key that prove it.
    #[command(
        after_help = "Examples:\n  portunus audit export --to audit.jsonl\n  portunus audit export --since 24h | gzip > today.jsonl.gz\n\nOne JSON object a line. `portunus audit verify` judges it without the plane; docs/audit.md says how others can."
    )]
    Export {
        /// Where to write it, readable by its owner alone [default: standard output].
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Replace a file of that name.
        #[arg(long)]
        force: bool,
        /// Only what happened then or later: a span back from now, such as 24h or 30d, a day, or an RFC 3339 moment.
        #[arg(long, value_name = "WHEN")]
        since: Option<When>,
    },
    /// Show the key that the log is signed with, and a signed checkpoint to keep elsewhere.
    #[command(
        after_help = "Examples:\n  portunus audit key\n  portunus audit key --checkpoint > 2026-11-03.checkpoint\n\nWho holds the database and the master key can write a log anew, signatures and all. A checkpoint that was kept\nelsewhere shows that: portunus audit verify --checkpoint FILE."
    )]
    Key {
        /// Print the checkpoint alone.
        #[arg(long)]
        checkpoint: bool,
    },
    /// Prove without the plane that nothing was altered or dropped.
    #[command(
        after_help = "Examples:\n  portunus audit verify                         the database of the plane on this machine\n  portunus audit verify --data-dir /var/lib/portunus\n  portunus audit verify audit.jsonl             what `audit export` wrote\n  portunus audit verify audit.jsonl --key \"$PINNED\" --checkpoint 2026-11-03.checkpoint\n\nNothing is changed, and the plane may run meanwhile. Exit code 1 when something does not fit; the first record\nthat was altered, dropped, inserted or moved is named."
    )]
    Verify(VerifyArgs),
}

/// What is verified, and against what.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// An export [default: the database in the data directory].
    #[arg(value_name = "FILE", conflicts_with = "data_dir")]
    pub(crate) file: Option<PathBuf>,
    /// The plane's data directory on this machine [default: as `portunus serve` has it].
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Configuration file of the plane [env: PORTUNUS_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The key that must have signed it, as `portunus audit key` showed it earlier.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// A file with a checkpoint that was kept elsewhere; may be given again.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
}
