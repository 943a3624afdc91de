//! `portunus heartbeat`.

use super::Reach;
use clap::Args;
use portunus_core::liveness::Cadence;

/// `portunus heartbeat`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  PORTUNUS_TOKEN=$AGENT_TOKEN portunus heartbeat --cadence 10m
  portunus heartbeat --note 'counting keys' --json | jq .next_beat_ms
  portunus heartbeat --cadence 0                      promises nothing, so nobody waits")]
pub(crate) struct HeartbeatArgs {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// How often the agent will be heard of: 45s, 10m, 6h, 1d; 0 promises nothing [default: as before, 10m at first].
    #[arg(long, value_name = "SPAN")]
    pub(crate) cadence: Option<Cadence>,
    /// One line on what the agent does; an empty one clears it [default: as before].
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}
