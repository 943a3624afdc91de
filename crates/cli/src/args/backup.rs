//! `portunus backup` and `restore`.

use super::Reach;
use clap::Args;
use std::path::PathBuf;

/// `portunus backup`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus backup portunus-backup.db
  portunus backup --force /backups/latest.db

The plane goes on meanwhile; the copy is of one moment. It holds no secret in the clear, and opens nothing
without the files `pepper` and `master.key` of the data directory: keep copies of those two elsewhere.")]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Where to write the copy; readable by its owner alone.
    pub(crate) file: PathBuf,
    /// Replace a file of that name.
    #[arg(long)]
    pub(crate) force: bool,
}

/// `portunus restore`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus restore portunus-backup.db --data-dir /var/lib/portunus
  portunus restore --force portunus-backup.db --data-dir /var/lib/portunus

The plane must be stopped, and the data directory must hold the `pepper` and the `master.key` of the plane that
was backed up. The copy is checked before anything is changed; with --force a database that is there is moved
aside and kept.")]
pub(crate) struct RestoreArgs {
    /// A file that `portunus backup` wrote.
    pub(crate) file: PathBuf,
    /// The data directory to restore into [default: as `portunus serve` has it].
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Configuration file of the plane [env: PORTUNUS_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Move a database that is there aside.
    #[arg(long)]
    pub(crate) force: bool,
    /// Say what was done as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
