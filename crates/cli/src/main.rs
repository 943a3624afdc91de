//! `portunus`, the one binary: reads what was typed, turns it into what is meant, and wires the parts together.
//!
//! `args` is what was typed; `config` and `serve` run a plane; `commands` speak to a running one through
//! `client`; `output` writes for people and programs. The work itself lives in `app`, `http` and `proxy`.

mod args;
mod client;
mod commands;
mod config;
mod demo;
mod failure;
mod output;
mod secret_input;
mod secure_file;
mod serve;
mod top;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    match args::Cli::read(&words).and_then(|cli| commands::dispatch(cli.command)) {
        Ok(code) => code,
        Err(failure) => {
            output::failure(&failure, args::reader(&words));
            failure.exit_code()
        }
    }
}
