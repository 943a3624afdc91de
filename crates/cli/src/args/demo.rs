//! `portunus demo`.

use clap::Args;

/// How long the demonstration runs, and whether the provider serves at all.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  portunus demo
  portunus demo --seconds 60
  portunus demo --break          the count of failures is then not zero
  portunus demo --plain          a line for each thing that happens, as without a terminal

The last line counts the failures that the agents saw; exit code 0 means that it is what was promised.")]
pub(crate) struct DemoArgs {
    /// How long it runs.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,
    /// Let the provider refuse everything: client-visible failures must then be counted.
    #[arg(long = "break")]
    pub(crate) break_provider: bool,
    /// Tell it in lines, instead of showing it as `portunus top` does.
    #[arg(long)]
    pub(crate) plain: bool,
}
