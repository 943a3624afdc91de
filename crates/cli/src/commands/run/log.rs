//! The broker's log. The program may draw on the terminal, so nothing is written there.

use crate::failure::{Failure, Kind};
use crate::output;
use std::fs::OpenOptions;
use std::io::IsTerminal;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use tracing::level_filters::LevelFilter;

/// Tells whoever started the broker what hinders it, while the program does not draw yet; nothing where the log is on standard
/// error and says so.
pub(super) fn teller(file: Option<&Path>) -> fn(&str) {
    match file.is_some() || std::io::stderr().is_terminal() {
        true => output::remark,
        false => |_| {},
    }
}

/// Starts it: into a file with all that happens; else warnings alone, on standard error if that is no terminal.
pub(super) fn start(file: Option<&Path>) -> Result<(), Failure> {
    let layer = tracing_subscriber::fmt()
        .with_target(false)
        .with_ansi(false)
        .log_internal_errors(false);
    match file {
        Some(path) => {
            let opened = OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(path);
            let file = opened.map_err(|error| {
                Failure::new(
                    Kind::General,
                    format!("cannot write {}: {error}", path.display()),
                )
            })?;
            layer
                .with_max_level(LevelFilter::INFO)
                .with_writer(file)
                .init();
        }
        None if !std::io::stderr().is_terminal() => {
            layer
                .with_max_level(LevelFilter::WARN)
                .with_writer(std::io::stderr)
                .init();
        }
        None => {}
    }
    Ok(())
}
