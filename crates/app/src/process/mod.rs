//! What belongs to the process and not to the plane: its log level and its configuration file. The binary brings
//! both; the use cases here record who changed them.

pub mod log_level;
pub mod reload;

use crate::failure::Failure;
use std::fmt;

/// The process as operators may steer it.
pub trait ProcessControl: Send + Sync + 'static {
    /// What is logged at present, as it would be written in the configuration.
    fn log_filter(&self) -> String;

    /// Reads a filter and answers what makes it count, without doing so yet.
    ///
    /// # Errors
    /// [`BadFilter`].
    fn read_log_filter(&self, text: &str) -> Result<Prepared<String>, BadFilter>;

    /// Reads and judges the whole configuration again, and answers what makes it count, without doing so yet.
    ///
    /// # Errors
    /// [`BadConfiguration`]; nothing is changed then.
    fn read_configuration(&self) -> Result<Prepared<Reloaded>, BadConfiguration>;
}

/// A change that is judged and waits for its record.
pub struct Prepared<T> {
    /// What it comes to.
    pub outcome: T,
    /// Carries it out; it cannot fail any more.
    pub apply: Box<dyn FnOnce() + Send>,
}

impl<T: fmt::Debug> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Prepared").field(&self.outcome).finish()
    }
}

/// A filter that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadFilter {
    /// What is wrong with it.
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

/// A configuration with mistakes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has mistakes; the one before it stays in force")]
pub struct BadConfiguration {
    /// All of them.
    pub mistakes: Vec<Mistake>,
}

/// One mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// File and line, variable or option.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

/// What reading the configuration again comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Settings that count from now on.
    pub changed: Vec<SettingChange>,
    /// Settings that differ from what runs and count after a restart.
    pub needs_restart: Vec<SettingChange>,
}

/// One setting that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// Its key in the file, such as `drain.timeout_s`.
    pub name: &'static str,
    /// What runs, in words.
    pub from: String,
    /// What was read, in words.
    pub to: String,
}

/// Why the process was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SteerError {
    /// This plane is a part of another program, such as the demo.
    #[error("this plane has no log and no configuration of its own")]
    NoProcess,
    /// What was asked for is no filter.
    #[error(transparent)]
    Filter(#[from] BadFilter),
    /// The configuration has mistakes.
    #[error(transparent)]
    Configuration(#[from] BadConfiguration),
    /// It could not be carried out at all.
    #[error(transparent)]
    Failure(#[from] Failure),
}
