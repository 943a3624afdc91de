//! The process as operators steer it: its log, and its configuration, which is read again on SIGHUP or when asked.

use super::logging::LogControl;
use super::running::Live;
use crate::args::serve::ServeArgs;
use crate::config::{self, ProcessEnvironment, ServeSettings};
use parking_lot::Mutex;
use portunus_app::Plane;
use portunus_app::process::{
    BadConfiguration, BadFilter, Mistake, Prepared, ProcessControl, Reloaded, SteerError, reload,
};
use std::sync::Arc;

/// See the module.
pub(super) struct Control {
    args: ServeArgs,
    log: LogControl,
    live: Live,
    /// What counts, except for the log's filter, which may have been changed since.
    running: Arc<Mutex<ServeSettings>>,
}

impl Control {
    /// `args` are read again with every reload; `settings` are what runs.
    pub(super) fn new(
        args: ServeArgs,
        settings: ServeSettings,
        log: LogControl,
        live: Live,
    ) -> Self {
        Self {
            args,
            log,
            live,
            running: Arc::new(Mutex::new(settings)),
        }
    }
}

impl ProcessControl for Control {
    fn log_filter(&self) -> String {
        self.log.filter().to_string()
    }

    fn read_log_filter(&self, text: &str) -> Result<Prepared<String>, BadFilter> {
        let filter = config::read_log_filter(text);
        let filter = filter.map_err(|(what, instead)| BadFilter { what, instead })?;
        let log = self.log.clone();
        Ok(Prepared {
            outcome: filter.to_string(),
            apply: Box::new(move || log.change(filter)),
        })
    }

    fn read_configuration(&self) -> Result<Prepared<Reloaded>, BadConfiguration> {
        let read = config::read(&self.args, &ProcessEnvironment).map_err(|problems| {
            let mistakes = problems.into_iter().map(|problem| Mistake {
                place: problem.place.to_string(),
                what: problem.what,
                instead: problem.instead,
            });
            BadConfiguration {
                mistakes: mistakes.collect(),
            }
        })?;
        let mut next = self.running.lock().clone();
        next.log.filter = self.log.filter();
        let outcome = config::differences(&next, &read);
        config::take_over(&mut next, &read);
        let (log, live, running) = (self.log.clone(), self.live.clone(), self.running.clone());
        let apply = move || {
            log.change(next.log.filter.clone());
            live.change(&next);
            *running.lock() = next;
        };
        Ok(Prepared {
            outcome,
            apply: Box::new(apply),
        })
    }
}

/// Reloads because of a signal, and tells the log what came of it.
pub(super) async fn hang_up(plane: &Arc<Plane>) {
    match reload::reload_on_signal(plane).await {
        Ok(reloaded) => tell(&reloaded),
        Err(SteerError::Configuration(bad)) => {
            for mistake in &bad.mistakes {
                tracing::error!(
                    place = mistake.place,
                    fix = mistake.instead,
                    "the configuration has a mistake: {}",
                    mistake.what
                );
            }
            let count = bad.mistakes.len();
            tracing::error!(
                mistakes = count,
                "SIGHUP: the configuration was not reloaded; the one before it stays in force"
            );
        }
        Err(error) => tracing::error!(%error, "SIGHUP: the configuration was not reloaded"),
    }
}

fn tell(reloaded: &Reloaded) {
    for change in &reloaded.changed {
        tracing::info!(
            setting = change.name,
            from = change.from,
            to = change.to,
            "changed"
        );
    }
    for change in &reloaded.needs_restart {
        tracing::warn!(
            setting = change.name,
            runs = change.from,
            read = change.to,
            "needs a restart to change"
        );
    }
    tracing::info!(
        changed = reloaded.changed.len(),
        needs_restart = reloaded.needs_restart.len(),
        "SIGHUP: the configuration was reloaded"
    );
}
