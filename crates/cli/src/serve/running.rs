//! Puts a plane together from its settings and takes it apart again: store, plane, door, control API, listener.

use super::data_dir::DataDir;
use super::entrance::Entrance;
use super::otlp::Otlp;
use super::{listening, webhook};
use crate::config::{self, MetricsReaders, ServeSettings};
use crate::failure::{Failure, Kind};
use parking_lot::Mutex;
use portunus_app::bootstrap::{self, FirstOperator};
use portunus_app::clock::SystemClock;
use portunus_app::keys::import_env::{self, OfferedSecret};
use portunus_app::metrics::Readers;
use portunus_app::pools::Vault;
use portunus_app::prices::with_configured;
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use portunus_app::{Plane, PlaneParts};
use portunus_core::secret::Secret;
use portunus_core::token::Pepper;
use portunus_http::listen::{self, Drained, Patience, Stop};
use portunus_proxy::{Door, DoorSettings, DoorState, LiveSettings, TlsRoots, Upstream};
use portunus_store::Store;
use portunus_store_sql::SqliteStore;
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// How long the database gets for what was written behind. A lock of somebody else's keeps each write up for ten seconds, and
/// whoever stops a plane does not wait for ever: systemd kills it after `TimeoutStopSec`.
const LAST_WRITES: Duration = Duration::from_secs(25);
/// How long the end waits for a collector.
const LAST_TRACES: Duration = Duration::from_secs(3);

/// A plane that serves.
pub(crate) struct Running {
    address: SocketAddr,
    plane: Arc<Plane>,
    live: Live,
    stop: Stop,
    serving: JoinHandle<Drained>,
    store: Arc<SqliteStore>,
    /// Keeps the lock on the data directory.
    _data: DataDir,
}

/// What of a running plane a new configuration reaches.
#[derive(Clone)]
pub(super) struct Live {
    /// Weak, because the plane holds whoever steers it, and that one holds this.
    plane: Weak<Plane>,
    door: LiveSettings,
    drain_timeout: Arc<Mutex<Duration>>,
}

impl Live {
    fn new(plane: &Arc<Plane>, settings: &ServeSettings) -> Self {
        let live = Self {
            plane: Arc::downgrade(plane),
            door: door(settings).into(),
            drain_timeout: Arc::new(Mutex::new(settings.drain_timeout)),
        };
        live.change(settings);
        live
    }

    /// Puts other settings into force, as far as that goes without a restart.
    pub(super) fn change(&self, settings: &ServeSettings) {
        self.door.change(door(settings));
        *self.drain_timeout.lock() = settings.drain_timeout;
        if let Some(plane) = self.plane.upgrade() {
            plane.admission().limit(settings.limits);
            plane.admission().trust(settings.trusted_proxies.clone());
            plane.ledger().retain(settings.decisions);
            plane.let_sessions_last(settings.sessions);
            settings.messages.apply(plane.messages());
            plane.push().bound(settings.push);
            plane
                .notifications()
                .set_terms(settings.notifications.terms);
            let prices = with_configured(settings.prices.clone());
            plane.prices().replace(prices);
            plane.metrics().open_to(match settings.metrics {
                MetricsReaders::WithScope => Readers::WithScope,
                MetricsReaders::Anybody => Readers::Anybody,
            });
        }
    }
}

fn door(settings: &ServeSettings) -> DoorSettings {
    DoorSettings {
        body_limit: settings.door.body_limit,
        first_byte_timeout: settings.upstream.first_byte_timeout,
        answer_timeout: settings.upstream.answer_timeout,
        idle_timeout: settings.upstream.idle_timeout,
        ..DoorSettings::default()
    }
}

/// Starts a plane in the current runtime, which must be a multi-threaded one.
///
/// On the first start `hand_out` gets the first operator's token and the address; the operator counts only if it
/// succeeds.
pub(crate) async fn start(
    settings: ServeSettings,
    hand_out: impl FnOnce(&Secret, SocketAddr) -> Result<(), Failure>,
) -> Result<Running, Failure> {
    let listener = listening::bind(settings.listen)?;
    let address = listener.local_addr().map_err(failed("cannot listen"))?;
    let collector = Otlp::new(&settings.telemetry)?;
    let data = DataDir::open(&settings.data_dir)?;
    let store = Arc::new(
        SqliteStore::open(&data.database())
            .await
            .map_err(|error| Failure::new(Kind::General, error.to_string()))?,
    );
    let parts = parts(&settings, &data, Arc::clone(&store) as _);
    if let Some(first) = first_start(&parts).await? {
        hand_out(first.token(), address)?;
        first
            .store(&*parts.store)
            .await
            .map_err(failed("the first operator"))?;
    }
    let plane = Plane::open(parts).await.map_err(failed("the plane"))?;
    if let Some(url) = &settings.public_url {
        plane.reached_at(url.as_str().to_owned());
    }
    plane.let_access_last(settings.access_tokens);
    offer_imports(&plane);
    let roots = roots();
    webhook::start(&settings, &plane, &roots)?;
    if let Some(collector) = collector {
        let since = plane.started_at();
        let background = Handle::current();
        plane.telemetry().start(collector, since, &background);
    }
    let live = Live::new(&plane, &settings);
    let drain_timeout = Arc::clone(&live.drain_timeout);
    let stop = Stop::default();
    let connections = stop.connections.clone();
    plane.metrics().connections_by(move || connections.len());
    let serving = listen::serve(
        listener,
        settings.door.workers.get(),
        Patience::default(),
        entrances(&plane, &live, &settings, &stop, roots),
        stop.clone(),
        move || *drain_timeout.lock(),
    )
    .map_err(failed("cannot serve"))?;
    Ok(Running {
        address,
        plane,
        live,
        stop,
        serving: tokio::spawn(serving),
        store,
        _data: data,
    })
}

impl Running {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The plane that serves.
    pub(super) const fn plane(&self) -> &Arc<Plane> {
        &self.plane
    }

    /// What a new configuration reaches.
    pub(super) const fn live(&self) -> &Live {
        &self.live
    }

    /// Ends only when serving fails.
    pub(crate) async fn failed(&mut self) -> Failure {
        ended((&mut self.serving).await).map_or_else(
            |failure| failure,
            |_| Failure::new(Kind::General, "serving ended without being asked to"),
        )
    }

    /// Drains: `/readyz` turns 503, answers in flight go on until the drain's limit, what was written behind is saved, and
    /// the database is one file.
    pub(crate) async fn stop(mut self) -> Result<Drained, Failure> {
        self.plane.begin_drain();
        self.stop.drain.cancel();
        let drained = ended((&mut self.serving).await);
        let saved = self.save_the_last().await;
        if let (Err(_), Err(unsaved)) = (&drained, &saved) {
            tracing::error!("{unsaved}");
        }
        drained.and_then(|drained| saved.map(|()| drained))
    }

    /// Saves what was written behind and folds the database into one file, however serving ended. What fails of it holds
    /// nothing else up.
    ///
    /// # Errors
    ///
    /// What was written behind was not all saved.
    pub(crate) async fn save_the_last(&self) -> Result<(), Failure> {
        let saved = tokio::time::timeout(LAST_WRITES, self.plane.flush()).await;
        let exported = tokio::time::timeout(LAST_TRACES, self.plane.telemetry().flush()).await;
        if exported.is_err() {
            tracing::warn!("the last traces were not exported: the collector does not take them");
        }
        // Last, so that the file alone is the whole database for whoever copies it now.
        if let Err(error) = self.store.fold().await {
            tracing::warn!(%error, "the database is whole only together with its -wal");
        }
        let why = match saved {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the database does not take them".to_owned(),
        };
        Err(failed("the last events were not saved")(why))
    }
}

fn ended(ended: Result<Drained, tokio::task::JoinError>) -> Result<Drained, Failure> {
    ended.map_err(failed("serving broke off"))
}

fn failed<E: Display>(what: &'static str) -> impl Fn(E) -> Failure {
    move |error| Failure::new(Kind::General, format!("{what}: {error}"))
}

fn parts(settings: &ServeSettings, data: &DataDir, store: Arc<dyn Store>) -> PlaneParts {
    let private = match settings.upstream.private {
        config::PrivateUpstreams::Allowed => PrivateUpstreams::Allowed,
        config::PrivateUpstreams::Refused => PrivateUpstreams::Refused,
    };
    PlaneParts {
        store,
        clock: Arc::new(SystemClock),
        pepper: pepper(data),
        vault: Arc::new(Vault::new(&data.master_key.bytes)),
        upstream_policy: UpstreamPolicy::new(private),
        offers: OfferedSecret::found_by(|name| std::env::var(name).ok()),
        background: Handle::current(),
    }
}

fn pepper(data: &DataDir) -> Pepper {
    Pepper::new(data.pepper.version, &data.pepper.bytes)
}

async fn first_start(parts: &PlaneParts) -> Result<Option<FirstOperator>, Failure> {
    let now = parts.clock.now();
    bootstrap::first_start(&*parts.store, now, &parts.pepper, &parts.vault)
        .await
        .map_err(failed("the first start"))
}

fn offer_imports(plane: &Plane) {
    for offer in import_env::offers(plane) {
        let variable = offer.variable;
        tracing::info!(
            variable,
            "the plane has no provider key; `portunus keys import-env` adds the one of this variable"
        );
    }
}

fn roots() -> TlsRoots {
    TlsRoots::of_this_machine().unwrap_or_else(|error| {
        tracing::warn!(%error, "providers cannot be reached over https");
        TlsRoots::none()
    })
}

/// What makes each worker's entrance, in that worker's runtime.
fn entrances(
    plane: &Arc<Plane>,
    live: &Live,
    settings: &ServeSettings,
    stop: &Stop,
    roots: TlsRoots,
) -> impl Fn() -> Entrance + Clone + Send + Sync + 'static {
    let (plane, door_settings) = (Arc::clone(plane), live.door.clone());
    let control = portunus_http::router(Arc::clone(&plane));
    let control_runtime = Handle::current();
    let state = Arc::new(DoorState::new(
        &plane,
        stop.cut.clone(),
        stop.connections.clone(),
    ));
    let connect_timeout = settings.upstream.connect_timeout;
    move || {
        let upstream = Upstream::new(&roots, *plane.upstream_policy(), connect_timeout);
        let door = Door::new(
            Arc::clone(&plane),
            door_settings.clone(),
            upstream,
            Arc::clone(&state),
        );
        Entrance::new(
            Arc::clone(&plane),
            door,
            control.clone(),
            control_runtime.clone(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portunus_store::Day;
    use portunus_testkit::decision::served;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_written_behind_is_saved_however_serving_ended() {
        let dir = tempfile::tempdir().unwrap();
        let settings = config::loopback_settings(dir.path().join("data"));
        let data_dir = settings.data_dir.clone();
        let running = start(settings, |_, _| Ok(())).await.unwrap();
        running.serving.abort();
        let now = running.plane.now();
        running.plane.ledger().record(&served(1, now));
        let broken = running.stop().await.unwrap_err();
        assert!(broken.to_string().contains("serving broke off"), "{broken}");
        let data = DataDir::open(&data_dir).unwrap();
        let store = SqliteStore::open(&data.database()).await.unwrap();
        let day = Day::of(now);
        assert_eq!(store.usage_rows(day, day).await.unwrap().len(), 1);
    }
}
