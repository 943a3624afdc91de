//! What was typed: the bench itself, and the processes that it starts.

use crate::load::{Ask, Plan};
use crate::push;
use crate::upstream::Wish;
use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Measures portunus between a load generator and a fast fake upstream, and judges it.
#[derive(Debug, Parser)]
#[command(name = "portunus-bench")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure everything and judge it.
    Run(RunArgs),
    /// Be a provider that costs next to nothing; prints its address.
    Upstream {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Generate load; prints a report.
    Load(LoadArgs),
    /// Open streams and hold them until standard input ends.
    Hold(LoadArgs),
    /// Hold push connections and write to all of them; prints what it saw.
    Push(PushArgs),
    /// Time single steps of the hot path in this process.
    Micro {
        /// How many batches of each step.
        #[arg(long, default_value_t = 50)]
        batches: u32,
        /// How many agents a large fleet has.
        #[arg(long, default_value_t = 10_000)]
        agents: usize,
        /// How many the largest has.
        #[arg(long, default_value_t = 1_000_000)]
        most: usize,
    },
    /// Give a stopped plane many agents.
    Seed {
        /// The plane's.
        #[arg(long)]
        data_dir: PathBuf,
        /// How many.
        #[arg(long)]
        agents: usize,
        /// Where their tokens are written, one a line.
        #[arg(long)]
        tokens: PathBuf,
    },
}

/// How to measure.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The portunus binary; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    /// Shorter rounds and fewer of them: about a minute, and noisier.
    #[arg(long, conflicts_with = "smoke")]
    pub(crate) quick: bool,
    /// A few seconds: shows that the bench itself works, and measures nothing.
    #[arg(long)]
    pub(crate) smoke: bool,
    /// Only the scenarios whose name begins so; may be given more than once.
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Print the figures as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// End with exit code 1 when a bar is not met.
    #[arg(long)]
    pub(crate) judge: bool,
    /// Write the figures into a document, between its markers.
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = "bench/RESULTS.md",
        conflicts_with = "smoke"
    )]
    pub(crate) record: Option<PathBuf>,
    /// Leave the processes running after the first scenario's set-up and print their addresses, for a profiler.
    #[arg(long)]
    pub(crate) hold: bool,
}

/// One run of the load generator.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LoadArgs {
    /// Where to.
    #[arg(long)]
    target: SocketAddr,
    /// Credentials, one a line.
    #[arg(long)]
    tokens: PathBuf,
    /// What to ask for: whole, turns, events, held or beat, with microseconds behind a colon.
    #[arg(long, default_value = "whole:0")]
    wish: Wish,
    /// Length of the request's body.
    #[arg(long, default_value_t = 2048)]
    body_bytes: usize,
    /// How many connections.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// How long.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// At most so many requests.
    #[arg(long)]
    requests: Option<u64>,
    /// Requests a second, whatever the answers do.
    #[arg(long)]
    rate: Option<f64>,
}

/// Push connections.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PushArgs {
    /// Where to.
    #[arg(long)]
    target: SocketAddr,
    /// Credentials, one a line: one more than there are connections.
    #[arg(long)]
    tokens: PathBuf,
    /// How many connections.
    #[arg(long)]
    connections: usize,
    /// How many messages.
    #[arg(long)]
    rounds: usize,
}

impl PushArgs {
    /// What is meant.
    pub(crate) fn plan(&self) -> Result<push::Plan> {
        Ok(push::Plan {
            target: self.target,
            tokens: lines(&self.tokens)?,
            connections: self.connections,
            rounds: self.rounds,
        })
    }
}

fn lines(file: &Path) -> Result<Vec<String>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

impl LoadArgs {
    /// What is meant.
    pub(crate) fn plan(&self) -> Result<Plan> {
        Ok(Plan {
            target: self.target,
            ask: Ask {
                wish: self.wish,
                body_bytes: self.body_bytes,
            },
            tokens: lines(&self.tokens)?,
            connections: self.connections,
            lasts: Duration::from_secs_f64(self.seconds),
            requests: self.requests,
            rate: self.rate,
        })
    }
}
