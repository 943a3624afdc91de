//! The log: one line per event on standard error, JSON for programs or a readable line for people.
//!
//! What is worth a line can change while the plane runs. Who asks whether a line is worth it is told once and then
//! remembered by `tracing` until it changes, so that this costs requests nothing.

use super::log_writer::{LogWriter, StandardError};
use crate::config::{LogFilter, LogFormat, LogSettings};
use crate::output::{Colour, spelled_out};
use parking_lot::RwLock;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Starts it, once per process.
pub(super) fn start(settings: &LogSettings) -> LogControl {
    let writer = LogWriter::new(StandardError);
    let control = LogControl {
        filter: Arc::new(RwLock::new(settings.filter.clone())),
        writer: writer.clone(),
    };
    let registry = tracing_subscriber::registry().with(Changeable(control.clone()));
    // A log that cannot be written must not end the plane, nor fill another log with complaints.
    let layer = fmt::layer()
        .with_writer(writer.clone())
        .log_internal_errors(false);
    match settings.format {
        LogFormat::Json => {
            let layer = layer.with_writer(move || Tame(writer.clone()));
            registry
                .with(layer.json().flatten_event(true).with_span_list(false))
                .init();
        }
        LogFormat::Pretty => {
            let colour = Colour::of(&std::io::stderr()) == Colour::On;
            registry
                .with(layer.with_target(false).with_ansi(colour))
                .init();
        }
    }
    control
}

/// Writes whole events so that they steer no terminal.
struct Tame<W>(W);

impl<W: Write> Write for Tame<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(&spelled_out(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What is logged at present, and the way to change it.
#[derive(Clone, Debug)]
pub(super) struct LogControl {
    filter: Arc<RwLock<LogFilter>>,
    writer: LogWriter<StandardError>,
}

/// How long the last lines are waited for, where nobody reads them.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl LogControl {
    /// The filter that counts.
    pub(super) fn filter(&self) -> LogFilter {
        self.filter.read().clone()
    }

    /// Lets another filter count from now on.
    pub(super) fn change(&self, filter: LogFilter) {
        *self.filter.write() = filter;
        tracing::callsite::rebuild_interest_cache();
    }

    /// Waits until everything is written that was logged, or long enough.
    pub(super) fn finish(&self) {
        self.writer.finish(LAST_WORDS);
    }
}

/// The filter of the whole log, which asks the control.
struct Changeable(LogControl);

impl Changeable {
    fn ask<T>(&self, question: impl FnOnce(&Targets) -> T) -> T {
        question(&self.0.filter.read().0)
    }
}

impl<S: Subscriber> Layer<S> for Changeable {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.ask(|targets| Layer::<S>::register_callsite(targets, metadata))
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        self.ask(|targets| Layer::<S>::enabled(targets, metadata, context))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.ask(|targets| Layer::<S>::max_level_hint(targets))
    }
}
