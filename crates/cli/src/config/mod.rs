//! What is meant by `serve`: flags, environment and file become one [`ServeSettings`], or every problem at once.
//!
//! A flag wins over its variable, the variable over the file, the file over the default. A value that loses is
//! still judged: a wrong line in the file is a mistake also when a flag covers it today.

mod collector_url;
mod difference;
mod file;
mod judge;
mod log_level;
mod problem;
mod public_url;
mod schema;
mod settings;
mod value;
mod webhook_url;

pub(crate) use collector_url::CollectorUrl;
pub(crate) use difference::{differences, take_over};
pub(crate) use log_level::read_log_filter;
pub(crate) use problem::Problem;
pub(crate) use settings::{
    LogFilter, LogFormat, LogSettings, MetricsReaders, PrivateUpstreams, ServeSettings,
    TelemetrySettings, WebhookPriority, WebhookSettings,
};

use crate::args::serve::ServeArgs;
use crate::failure::{Failure, Kind};
use problem::Place;
use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// What the process was given besides its arguments; a parameter so that tests need no real environment.
pub(crate) trait Environment {
    /// A variable's value; an empty one counts as absent.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// Whether it is set to nothing, which is a mistake where a value was meant.
    fn is_set_empty(&self, _name: &str) -> bool {
        false
    }
}

/// The real environment.
#[derive(Debug)]
pub(crate) struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name).filter(|value| !value.is_empty())
    }

    fn is_set_empty(&self, name: &str) -> bool {
        std::env::var_os(name).is_some_and(|value| value.is_empty())
    }
}

/// The settings of a plane that only this machine can reach, on a port of the system's choice.
pub(crate) fn loopback_settings(data_dir: PathBuf) -> ServeSettings {
    judge::defaults((Ipv4Addr::LOCALHOST, 0).into(), data_dir)
}

/// Reads and judges everything that `serve` can be told.
pub(crate) fn load(
    args: &ServeArgs,
    environment: &dyn Environment,
) -> Result<ServeSettings, Failure> {
    read(args, environment).map_err(failure)
}

/// The same with every problem for itself, in the order of their places.
pub(crate) fn read(
    args: &ServeArgs,
    environment: &dyn Environment,
) -> Result<ServeSettings, Vec<Problem>> {
    let mut problems = Vec::new();
    let values = match config_path(args, environment) {
        Some((path, place)) => match std::fs::read_to_string(&path) {
            Ok(text) => file::read(&path, &text, &mut problems),
            Err(error) => {
                problems.push(unreadable(&path, place, &error));
                file::Values::default()
            }
        },
        None => file::Values::default(),
    };
    let settings = judge::settings(args, environment, &values, &mut problems);
    match settings {
        Some(settings) if problems.is_empty() => Ok(settings),
        _ => {
            problems.sort_by(|a, b| a.place.cmp(&b.place));
            Err(problems)
        }
    }
}

fn config_path(args: &ServeArgs, environment: &dyn Environment) -> Option<(PathBuf, Place)> {
    match &args.config {
        Some(path) => Some((path.clone(), Place::Flag("--config"))),
        None => environment
            .variable("PORTUNUS_CONFIG")
            .map(|path| (path.into(), Place::Variable("PORTUNUS_CONFIG"))),
    }
}

fn unreadable(path: &std::path::Path, place: Place, error: &std::io::Error) -> Problem {
    Problem {
        place,
        what: format!("cannot read {}: {error}", path.display()),
        instead: "name a TOML file that this user may read".to_owned(),
    }
}

fn failure(problems: Vec<Problem>) -> Failure {
    let title = match problems.len() {
        1 => "the configuration has a problem".to_owned(),
        count => format!("the configuration has {count} problems"),
    };
    let list: String = problems.iter().map(ToString::to_string).collect();
    Failure::new(Kind::Usage, format!("{title}\n{list}"))
}

#[cfg(test)]
mod advice_tests;
#[cfg(test)]
mod tests;
