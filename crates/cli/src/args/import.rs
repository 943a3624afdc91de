//! `portunus import`.

use super::Reach;
use clap::Args;
use std::path::PathBuf;

/// `portunus import`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus import --from fleet.jsonl --dry-run    what would become of each line
  portunus import --from fleet.jsonl              all of them, or none")]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// The file: one JSON object a line, or one JSON array of them; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// Only tell what would become of each line.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
