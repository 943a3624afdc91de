//! `portunus doctor`.

use super::Reach;
use clap::Args;
use std::path::PathBuf;

/// `portunus doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  portunus doctor
  portunus doctor --data-dir /var/lib/portunus --json

Looks at this machine (configuration, permissions, disk, database, audit log, file limit) and, with a session, at the plane,
its keys and its upstreams; the upstreams' clocks tell whether this one is right. It changes nothing, and may run
while the plane does. Exit code 1 when something has to be mended.")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// The plane's data directory on this machine [default: as `portunus serve` has it].
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Configuration file of the plane [env: PORTUNUS_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}
