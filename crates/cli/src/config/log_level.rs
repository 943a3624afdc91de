//! Reads what is logged: a level, and other levels for parts of the plane.

use super::settings::LogFilter;
use tracing_subscriber::filter::{LevelFilter, Targets};

const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// Reads `level` or `level,target=level,...`; `Err` says what is wrong and what to write instead.
pub(crate) fn read_log_filter(text: &str) -> Result<LogFilter, (String, String)> {
    read_filter(text).map(LogFilter)
}

/// The library's own reader takes any unknown word for a target and then logs it all; here it is a mistake.
pub(super) fn read_filter(text: &str) -> Result<Targets, (String, String)> {
    let level = |word: &str| {
        LEVELS
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, level)| *level)
            .ok_or_else(|| {
                (
                    format!("`{word}` is no log level"),
                    "write off, error, warn, info, debug or trace, or info,portunus_proxy=debug"
                        .to_owned(),
                )
            })
    };
    let mut targets = default_filter();
    for part in text.split(',').map(str::trim) {
        targets = match part.split_once('=') {
            Some((target, word)) => targets.with_target(target.trim(), level(word.trim())?),
            None => targets.with_default(level(part)?),
        };
    }
    Ok(targets)
}

/// What is logged when nobody says.
pub(super) fn default_filter() -> Targets {
    Targets::new().with_default(LevelFilter::INFO)
}
