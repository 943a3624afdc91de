//! The habits of this repository as one program: `cargo xtask COMMAND`.
//!
//! Each command is a file of its own; this one only reads what was typed.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program speaks to a terminal"
)]

mod bench;
mod ci;
mod clients;
mod layout;
mod metadata;
mod mutate;
mod process;
mod source;
mod test;
mod tidy;
mod tree;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  tidy                   check the rules of the house: arrows, sizes, names, promises, licences
  test [--require-all]   run every test; with --require-all a skipped test is a failure
  clients                install the SDKs and programs that the client conversations drive
  mutate [--check] [P7]  break the code on purpose and see the promises' tests fail; a package or words of a name pick some
  bench [--quick] ...    measure the release binary between a load generator and a fast upstream (--help has more)
  layout [--check]       list what a start and model calls go through, for the linker to lay it side by side (valgrind)
  ci [--except-tests]    everything a change must pass, with the time of each step";

fn main() -> ExitCode {
    let typed: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = typed.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["tidy"] => tidy::run(),
        ["test"] => test::run(test::Skips::Report),
        ["test", "--require-all"] => test::run(test::Skips::Refuse),
        ["clients"] => clients::run(),
        ["mutate", "--check"] => mutate::check(),
        ["mutate", wanted @ ..] if wanted.iter().all(|words| !words.starts_with('-')) => {
            mutate::run(wanted)
        }
        ["bench", words @ ..] => bench::run(words),
        ["layout"] => layout::write(),
        ["layout", "--check"] => layout::check(),
        ["ci"] => ci::run(ci::Tests::Run),
        ["ci", "--except-tests"] => ci::run(ci::Tests::Leave),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("cannot read `{}`\n\n{USAGE}", words.join(" ")),
    }
}
