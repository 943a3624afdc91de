//! The log: one line per event on standard error, JSON for programs or a readable line for people.

use crate::config::{LogFormat, LogSettings};
use crate::output::Colour;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts it, once per process.
pub(super) fn start(settings: &LogSettings) {
    let registry = tracing_subscriber::registry().with(settings.filter.0.clone());
    // A log that cannot be written must not end the plane, nor fill another log with complaints.
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    match settings.format {
        LogFormat::Json => registry
            .with(layer.json().flatten_event(true).with_span_list(false))
            .init(),
        LogFormat::Pretty => {
            let colour = Colour::of(&std::io::stderr()) == Colour::On;
            registry
                .with(layer.with_target(false).with_ansi(colour))
                .init();
        }
    }
}
