//! The log: one line per event on standard error, JSON for programs or a readable line for people.
//!
//! What is worth a line can change while the plane runs. Who asks whether a line is worth it is told once and then
//! remembered by `tracing` until it changes, so that this costs requests nothing.

use crate::config::{LogFilter, LogFormat, LogSettings};
use crate::output::Colour;
use parking_lot::RwLock;
use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Starts it, once per process.
pub(super) fn start(settings: &LogSettings) -> LogControl {
    let control = LogControl(Arc::new(RwLock::new(settings.filter.clone())));
    let registry = tracing_subscriber::registry().with(Changeable(control.clone()));
    // A log that cannot be written must not end the plane, nor fill another log with complaints.
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    match settings.format {
        LogFormat::Json => {
            let layer = layer.with_writer(|| Tame(std::io::stderr()));
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

/// Spells out what JSON leaves as it is and terminals obey: DEL and the 8-bit forms of escape sequences. They can stand only
/// in strings, where the spelling means the same.
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

/// A whole event, in UTF-8.
fn spelled_out(event: &[u8]) -> Cow<'_, [u8]> {
    let steers = |c: char| c == '\u{7f}' || ('\u{80}'..='\u{9f}').contains(&c);
    match std::str::from_utf8(event) {
        Ok(text) if text.contains(steers) => {
            let mut tame = String::new();
            for c in text.chars() {
                if steers(c) {
                    tame.push_str(&format!("\\u{:04x}", u32::from(c)));
                } else {
                    tame.push(c);
                }
            }
            Cow::Owned(tame.into_bytes())
        }
        _ => Cow::Borrowed(event),
    }
}

/// What is logged at present, and the way to change it.
#[derive(Clone, Debug)]
pub(super) struct LogControl(Arc<RwLock<LogFilter>>);

impl LogControl {
    /// The filter that counts.
    pub(super) fn filter(&self) -> LogFilter {
        self.0.read().clone()
    }

    /// Lets another filter count from now on.
    pub(super) fn change(&self, filter: LogFilter) {
        *self.0.write() = filter;
        tracing::callsite::rebuild_interest_cache();
    }
}

/// The filter of the whole log, which asks the control.
struct Changeable(LogControl);

impl Changeable {
    fn ask<T>(&self, question: impl FnOnce(&Targets) -> T) -> T {
        question(&self.0.0.read().0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_obey_is_spelled_out_and_means_the_same() {
        let event = serde_json::json!({"model": "a\u{9b}31m\u{7f}\u{1b}b"}).to_string();
        let tame = spelled_out(event.as_bytes()).into_owned();
        let tame = String::from_utf8(tame).unwrap();
        assert_eq!(tame, r#"{"model":"a\u009b31m\u007f\u001bb"}"#);
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&tame), read(&event));
        assert!(matches!(spelled_out("ä\n".as_bytes()), Cow::Borrowed(_)));
    }
}
