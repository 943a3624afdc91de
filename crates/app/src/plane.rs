//! The running plane: what one node holds in memory, and the background work that keeps it true.

mod upkeep;

use crate::access::Access;
use crate::access::keyring::SigningKeyError;
use crate::admission::Admission;
use crate::alarms::Alarms;
use crate::audit::signer::Signer;
use crate::budgets::Budgets;
use crate::credential::authenticate::{AuthenticationCounts, Counters};
use crate::credential::cold::ColdReads;
use crate::credential::first_use::FirstUses;
use crate::departures::Departures;
use crate::directory::{Directory, Names};
use crate::entropy::EntropyError;
use crate::failure::Failure;
use crate::imported::Imported;
use crate::key_changes::KeyChanges;
use crate::keys::import_env::OfferedSecret;
use crate::ledger::Ledger;
use crate::liveness::Liveness;
use crate::messages::Messages;
use crate::metrics::Metrics;
use crate::notifications::Notifications;
use crate::once;
use crate::opening;
use crate::passwords::hasher::Hasher;
use crate::pools::{Pools, PoolsParts, Vault, VaultError};
use crate::prices::{self, Prices};
use crate::process::ProcessControl;
use crate::push::Push;
use crate::request_ids::RequestIds;
use crate::sessions::book::SessionBook;
use crate::telemetry::Telemetry;
use crate::turns::Turns;
use crate::upstream_policy::UpstreamPolicy;
use parking_lot::Mutex;
use portunus_core::admission::delays::Delays;
use portunus_core::agent::Principal;
use portunus_core::ids::RequestId;
use portunus_core::scope::{Scope, ScopeSet};
use portunus_core::time::{Clock, Timestamp};
use portunus_core::token::Pepper;
use portunus_store::{Store, StoreError};
use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What a plane is made of.
pub struct PlaneParts {
    /// Where it remembers.
    pub store: Arc<dyn Store>,
    /// Where the present comes from.
    pub clock: Arc<dyn Clock>,
    /// What tokens are made and checked with.
    pub pepper: Pepper,
    /// What provider secrets are sealed with.
    pub vault: Arc<Vault>,
    /// Which upstreams it may call.
    pub upstream_policy: UpstreamPolicy,
    /// Provider keys that were found in the environment.
    pub offers: Vec<OfferedSecret>,
    /// The runtime of work that outlives a request.
    pub background: Handle,
}

impl std::fmt::Debug for PlaneParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlaneParts(..)")
    }
}

/// Why a plane did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store did not give its snapshot.
    #[error("the database cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The pools do not open under this master key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The operating system gives no random bytes.
    #[error(transparent)]
    NoEntropy(#[from] EntropyError),
    /// No key to sign access tokens with.
    #[error(transparent)]
    Signing(#[from] SigningKeyError),
}

/// One running node. Hold it in an `Arc`; dropping the last one stops its background work.
pub struct Plane {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) pepper: Pepper,
    pub(crate) directory: Arc<Directory>,
    pub(crate) first_uses: Arc<FirstUses>,
    pub(crate) cold: ColdReads,
    pub(crate) turns: Arc<Turns>,
    pub(crate) counters: Counters,
    pub(crate) vault: Arc<Vault>,
    pub(crate) sessions: Arc<SessionBook>,
    pub(crate) hasher: Hasher,
    pub(crate) delays: Mutex<Delays>,
    access: Arc<Access>,
    imported: Imported,
    signer: Arc<Signer>,
    alarms: Arc<Alarms>,
    /// Held from before a change of principals, tokens, pools or keys is committed until memory shows it, so that
    /// memory sees changes in the order of their commits.
    pub(crate) changes: Arc<tokio::sync::Mutex<()>>,
    /// Requests that came with a key and are not over.
    pub(crate) running: Arc<once::Running>,
    pub(crate) offers: Vec<OfferedSecret>,
    /// Whether they were imported: what an operator removes afterwards does not come back by itself.
    pub(crate) offers_taken: AtomicBool,
    ledger: Arc<Ledger>,
    liveness: Arc<Liveness>,
    pools: Arc<Pools>,
    budgets: Budgets,
    departures: Departures,
    messages: Arc<Messages>,
    notifications: Arc<Notifications>,
    metrics: Metrics,
    telemetry: Telemetry,
    prices: Prices,
    pub(crate) push: Arc<Push>,
    process: OnceLock<Arc<dyn ProcessControl>>,
    key_changes: KeyChanges,
    admission: Arc<Admission>,
    upstream_policy: UpstreamPolicy,
    pub(crate) background: Handle,
    started_at: Timestamp,
    requests: RequestIds,
    draining: CancellationToken,
    _stop: DropGuard,
}

impl std::fmt::Debug for Plane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plane(..)")
    }
}

impl Plane {
    /// Loads memory from the store and starts the background work. Of a large fleet most agents are loaded behind it.
    pub async fn open(parts: PlaneParts) -> Result<Arc<Self>, OpenError> {
        let mut snapshot = parts.store.snapshot().await?;
        let signer = opening::signer(&parts, &mut snapshot).await?;
        let access = opening::access(&parts, &mut snapshot).await?;
        let directory = Arc::new(opening::directory(&snapshot));
        let (changes, turns) = (Arc::default(), Arc::default());
        let fill = opening::fill(&parts, &directory, &changes).await?;
        let pools = PoolsParts {
            vault: Arc::clone(&parts.vault),
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            background: parts.background.clone(),
        };
        let pools = Arc::new(Pools::open(pools, &snapshot)?);
        let alarms = opening::alarms(&parts, &pools).await?;
        let budgets = Budgets::open(
            Arc::clone(&parts.clock),
            Arc::clone(&directory),
            Arc::clone(&pools),
            &snapshot,
        );
        let push = Arc::new(Push::new(crate::entropy::draw()?));
        let told = (&push, &alarms);
        let liveness = Liveness::open(&parts, &directory, &pools, told, &turns, &fill).await?;
        let stop = CancellationToken::new();
        let plane = Self {
            imported: Imported::of(parts.store.imported_tokens().await?),
            started_at: parts.clock.now(),
            clock: parts.clock,
            store: parts.store,
            sessions: Arc::new(SessionBook::of(&snapshot)),
            hasher: Hasher::new(parts.pepper.password_key()),
            delays: Mutex::default(),
            pepper: parts.pepper,
            directory,
            first_uses: Arc::default(),
            cold: ColdReads::default(),
            turns,
            counters: Counters::default(),
            vault: parts.vault,
            access: Arc::new(access),
            signer: Arc::new(signer),
            alarms,
            changes,
            running: Arc::default(),
            offers: parts.offers,
            offers_taken: AtomicBool::new(false),
            ledger: Arc::new(Ledger::new()),
            liveness: Arc::new(liveness),
            pools,
            budgets,
            departures: Departures::default(),
            messages: Arc::default(),
            notifications: Arc::default(),
            metrics: Metrics::default(),
            telemetry: Telemetry::default(),
            prices: Prices::new(prices::with_configured(Vec::new())),
            push,
            process: OnceLock::new(),
            key_changes: KeyChanges::default(),
            admission: Arc::default(),
            upstream_policy: parts.upstream_policy,
            background: parts.background,
            requests: RequestIds::begin()?,
            draining: CancellationToken::new(),
            _stop: stop.clone().drop_guard(),
        };
        plane.start(fill, stop);
        Ok(Arc::new(plane))
    }

    /// Runs `work` to its end even if the caller goes away: a change that is committed must reach memory.
    pub(crate) async fn to_the_end<T, E, F, W>(self: &Arc<Self>, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
        W: FnOnce(Arc<Self>) -> F,
    {
        let work = self.background.spawn(work(Arc::clone(self)));
        match work.await {
            Ok(outcome) => outcome,
            Err(cause) => Err(Failure::Defect(format!("a change did not end: {cause}")).into()),
        }
    }

    /// Ends all credentials of a principal that the store has ended: no later look accepts them, and open streams hear of
    /// it. The caller holds the lock of changes.
    pub(crate) fn end_all_of(&self, whose: Principal) {
        self.directory.dismiss(whose);
        let families = &self.access.families;
        families.end(&families.of_principal(whose));
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Access tokens.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// What signs the audit log.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What people should look at.
    #[must_use]
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// Tokens that another system issued.
    pub(crate) const fn imported(&self) -> &Imported {
        &self.imported
    }

    /// The pools of provider keys.
    #[must_use]
    pub const fn pools(&self) -> &Arc<Pools> {
        &self.pools
    }

    /// What requests left behind.
    #[must_use]
    pub const fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Who is alive.
    #[must_use]
    pub const fn liveness(&self) -> &Arc<Liveness> {
        &self.liveness
    }

    /// Lets operators steer the process that the plane runs in. Only the first call counts.
    pub fn steered_by(&self, control: Arc<dyn ProcessControl>) {
        let _ = self.process.set(control);
    }

    /// The process that the plane runs in, when operators may steer it.
    pub(crate) fn process(&self) -> Option<&Arc<dyn ProcessControl>> {
        self.process.get()
    }

    /// What tokens cost.
    #[must_use]
    pub const fn prices(&self) -> &Prices {
        &self.prices
    }

    /// The export of traces and metrics.
    #[must_use]
    pub const fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// What Prometheus reads.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What agents and pools may use.
    #[must_use]
    pub const fn budgets(&self) -> &Budgets {
        &self.budgets
    }

    /// Who is told of agents that are gone.
    #[must_use]
    pub const fn departures(&self) -> &Departures {
        &self.departures
    }

    /// What agents and operators write to each other: who listens to it.
    #[must_use]
    pub const fn messages(&self) -> &Arc<Messages> {
        &self.messages
    }

    /// What agents want operators to know: who listens to it.
    #[must_use]
    pub const fn notifications(&self) -> &Arc<Notifications> {
        &self.notifications
    }

    /// An id for a request; no other request of any run has it.
    #[must_use]
    pub fn request_id(&self) -> RequestId {
        self.requests.next()
    }

    /// Whether a request of this run got the id.
    pub(crate) fn has_issued(&self, id: RequestId) -> bool {
        self.requests.has_issued(id)
    }

    /// The name of a living agent or operator.
    #[must_use]
    pub fn name_of(&self, principal: Principal) -> Option<Arc<str>> {
        self.directory.name_of(principal)
    }

    /// What a living agent or operator is called.
    #[must_use]
    pub fn names_of(&self, principal: Principal) -> Option<Names> {
        let profile = self.directory.profile(principal);
        profile.map(|profile| profile.names())
    }

    /// Whether a principal holds a scope, whatever its credentials were narrowed to.
    #[must_use]
    pub fn holds(&self, principal: Principal, scope: Scope) -> bool {
        let profile = self.directory.profile(principal);
        profile.is_some_and(|profile| profile.scopes.allow(scope))
    }

    /// What a principal holds by now, whatever its credentials were narrowed to; nothing, when it is gone.
    #[must_use]
    pub fn holdings(&self, principal: Principal) -> Option<ScopeSet> {
        let profile = self.directory.profile(principal);
        profile.map(|profile| profile.scopes.clone())
    }

    /// Which upstreams may be called.
    #[must_use]
    pub const fn upstream_policy(&self) -> &UpstreamPolicy {
        &self.upstream_policy
    }

    /// How often each operator changes keys.
    #[must_use]
    pub const fn key_changes(&self) -> &KeyChanges {
        &self.key_changes
    }

    /// How often principals ask, and which sources failed.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Credentials since the start.
    #[must_use]
    pub fn authentication_counts(&self) -> AuthenticationCounts {
        self.counters.read()
    }

    /// When it started.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Whether the database answers.
    pub async fn ping_store(&self) -> Result<(), Failure> {
        Ok(self.store.ping().await?)
    }

    /// Turns `/readyz` to 503; open requests go on.
    pub fn begin_drain(&self) {
        self.draining.cancel();
    }

    /// Whether the plane is shutting down.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Fires when the plane begins to shut down.
    #[must_use]
    pub fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }
}
