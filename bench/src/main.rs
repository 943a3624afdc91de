//! The benchmark: the release binary between a load generator and a fast fake provider, judged against bars.
//!
//! `cargo xtask bench` builds both and runs `run`; the other commands are the processes that `run` starts, so that the
//! processor time of each is counted by itself.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program speaks to a terminal, and its parts speak over pipes"
)]
#![cfg(target_os = "linux")]

mod args;
mod histogram;
mod load;
mod micro;
mod poller;
mod push;
mod run;
mod seed;
mod upstream;
mod wire;

use anyhow::Result;
use args::{Args, Command};
use clap::Parser;
use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit,
};
use std::process::ExitCode;

const WANTED_FILES: u64 = 65_536;

fn main() -> ExitCode {
    match start(Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("portunus-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: Args) -> Result<ExitCode> {
    allow_many_connections();
    match args.command {
        Command::Run(args) => return run::run(&args),
        Command::Upstream { listen } => {
            // A bench that was killed leaves no upstream behind.
            set_parent_process_death_signal(Some(Signal::TERM))?;
            upstream::run(listen)?;
        }
        Command::Load(args) => println!("{}", serde_json::to_string(&load::run(&args.plan()?)?)?),
        Command::Hold(args) => load::hold(&args.plan()?)?,
        Command::Push(args) => push::run(&args.plan()?)?,
        Command::Micro {
            batches,
            agents,
            most,
        } => {
            let steps = micro::run(batches, agents, most)?;
            println!("{}", serde_json::to_string(&steps)?);
        }
        Command::Seed {
            data_dir,
            agents,
            tokens,
        } => seed::run(&data_dir, agents, &tokens)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Ten thousand streams are twenty thousand connections in the plane, which inherits this limit.
fn allow_many_connections() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let most = Rlimit {
        current: Some(WANTED_FILES),
        maximum: Some(WANTED_FILES),
    };
    // Only root may raise the hard limit; otherwise as many as there may be.
    if setrlimit(Resource::Nofile, most).is_err() {
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: maximum,
                maximum,
            },
        );
    }
}
