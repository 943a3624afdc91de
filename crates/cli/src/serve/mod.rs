//! `portunus serve`: from settings to a running plane, and from a signal to a clean end.
//!
//! `data_dir` owns the files, `first_token` the first start's token, `running` puts the parts together,
//! `entrance` decides which of them answers a request, `control` lets operators steer what runs, `stand_back` gives the
//! doors the first turn on the processors.

mod control;
pub(crate) mod data_dir;
mod entrance;
mod first_token;
mod listening;
mod log_writer;
mod logging;
mod otlp;
mod running;
mod stand_back;
mod webhook;

pub(crate) use running::{Running, start};

use crate::args::serve::ServeArgs;
use crate::config::{self, ProcessEnvironment};
use crate::failure::{Failure, Kind};
use portunus_app::Plane;
use portunus_http::listen::Drained;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Serves until SIGTERM or SIGINT, then drains.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let settings = config::load(args, &ProcessEnvironment)?;
    let log = logging::start(&settings.log);
    allow_many_connections();
    // The control API, the database and the background work; the model door brings runtimes of its own.
    let served = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("portunus-control")
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Kind::General, format!("cannot start threads: {error}")))?
        .block_on(serve(args, settings, log.clone()));
    log.finish();
    served
}

async fn serve(
    args: &ServeArgs,
    settings: config::ServeSettings,
    log: logging::LogControl,
) -> Result<(), Failure> {
    // Before anything listens: whoever finds the plane ready may end it or reload it.
    let asked = asked_to_stop()?;
    let hangups = listen_for(SignalKind::hangup())?;
    let token_file = settings.operator_token_file.clone();
    let mut running = start(settings.clone(), |token, address| {
        first_token::hand_out(token, token_file.as_deref(), address)
    })
    .await?;
    stand_back::behind_the_doors();
    let control = control::Control::new(args.clone(), settings, log, running.live().clone());
    running.plane().steered_by(Arc::new(control));
    reload_on_hangup(hangups, Arc::clone(running.plane()));
    tracing::info!(address = %running.address(), "listening");
    tokio::select! {
        name = asked => tracing::info!(signal = name, "draining; a second signal ends at once"),
        failure = running.failed() => {
            if let Err(unsaved) = running.save_the_last().await {
                tracing::error!("{unsaved}");
            }
            return Err(failure);
        }
    }
    tokio::select! {
        drained = running.stop() => match drained? {
            Drained::Finished => tracing::info!("stopped; every answer was finished"),
            Drained::CutOff => tracing::warn!("stopped; answers that ran too long were cut off"),
        },
        name = asked_to_stop()? => tracing::warn!(signal = name, "ended before every answer was finished"),
    }
    Ok(())
}

/// Ends with the name of the first signal to stop that comes; signals count from the call on.
fn asked_to_stop() -> Result<impl Future<Output = &'static str>, Failure> {
    let mut terminate = listen_for(SignalKind::terminate())?;
    let mut interrupt = listen_for(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

/// From the call on the signal ends the process no more, and waits to be read.
fn listen_for(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind)
        .map_err(|error| Failure::new(Kind::General, format!("cannot wait for signals: {error}")))
}

/// SIGHUP reloads the configuration, also one that came during the start.
fn reload_on_hangup(mut hangups: Signal, plane: Arc<Plane>) {
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            control::hang_up(&plane).await;
        }
    });
}

/// Every waiting agent holds a connection; the usual soft limit of 1024 files would refuse the next fleet.
fn allow_many_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // The old limit stays when this fails; the accept loop says so when it is reached.
    let _ = setrlimit(Resource::Nofile, limit);
}
