//! What was typed: the command line as clap reads it, before anything is decided.
//!
//! Values that can also come from a file or the environment stay text here; `config` judges them together.

#[cfg(test)]
pub(crate) mod advice_tests;
pub(crate) mod agents;
pub(crate) mod alarms;
pub(crate) mod amount;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod boards;
pub(crate) mod budgets;
mod command;
pub(crate) mod decisions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod duration;
mod examples;
pub(crate) mod expiry;
pub(crate) mod heartbeat;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod messages;
mod named;
pub(crate) mod notifications;
pub(crate) mod operators;
mod overview;
pub(crate) mod pools;
pub(crate) mod process;
pub(crate) mod reach;
mod refusal;
pub(crate) mod run;
mod secret_word;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod sources;
#[cfg(test)]
mod tests;
pub(crate) mod token;
pub(crate) mod tokens;
pub(crate) mod top;
pub(crate) mod usage;
pub(crate) mod when;

pub(crate) use command::Command;
pub(crate) use reach::{PageArgs, Reach};

use crate::failure::{Failure, Kind};
use crate::output::Reader;
use clap::{CommandFactory, FromArgMatches, Parser};
use std::ffi::OsString;

/// The access plane for fleets of AI agents.
#[derive(Debug, Parser)]
#[command(
    name = "portunus",
    version,
    about = "Portunus: the access plane for fleets of AI agents.\n\nAgents keep their SDK and call models with a token of their own; the plane serves them from a pool\nof provider keys, so that a rate limit never stops the work.",
    help_template = overview::OVERVIEW,
    after_help = overview::EXAMPLES,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads `words`, the first of which is the program's name. Help ends the process, as do most mistakes when a
    /// person reads, with the parser's own words.
    pub(crate) fn read(words: &[OsString]) -> Result<Self, Failure> {
        secret_word::refuse(own(words).get(1..).unwrap_or_default())?;
        Self::parsed(words).map_err(|error| {
            let fix = "--help of the command has examples";
            match refusal::in_own_words(&error) {
                Some(detail) => Failure::new(Kind::Usage, detail).fix(fix),
                None if error.use_stderr() && reader(words) == Reader::Program => {
                    let said = error.render().to_string();
                    let said = said
                        .split("\n\nFor more information")
                        .next()
                        .unwrap_or_default();
                    Failure::new(Kind::Usage, said.trim_start_matches("error: ")).fix(fix)
                }
                None => error.exit(),
            }
        })
    }
}

impl Cli {
    /// As [`Parser::try_parse_from`] does it, with names that must not be empty and examples that are not wrapped.
    fn parsed(words: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = examples::unwrapped(named::must_be_named(Self::command()));
        let mut matches = command.try_get_matches_from_mut(words)?;
        Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    }
}

/// Who reads what the command says. Known even when the words make no command.
pub(crate) fn reader(words: &[OsString]) -> Reader {
    if own(words).iter().any(|word| word == "--json") {
        Reader::Program
    } else {
        Reader::Person
    }
}

/// The words that are for us: what follows `--` of `run` is another program's.
fn own(words: &[OsString]) -> &[OsString] {
    let end = words
        .iter()
        .position(|word| word == "--")
        .filter(|_| words.get(1).is_some_and(|command| command == "run"));
    end.and_then(|end| words.get(..end)).unwrap_or(words)
}
