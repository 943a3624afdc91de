//! A whole plane over the model store, on a clock that the test moves.

use http::{HeaderMap, HeaderValue};
use portunus_app::bootstrap::first_start;
use portunus_app::keys::import_env::OfferedSecret;
use portunus_app::pools::Vault;
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use portunus_app::{AuthError, Plane, PlaneParts, Session};
use portunus_core::agent::Principal;
use portunus_core::secret::Secret;
use portunus_core::time::Clock;
use portunus_core::token::Pepper;
use portunus_store::Store;
use portunus_store::memory::MemoryStore;
use portunus_testkit::TestClock;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// Where requests come from.
pub(crate) const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

pub(crate) const PEPPER: [u8; 32] = [7; 32];

/// A plane, and what it is made of.
pub(crate) struct Stage {
    pub(crate) plane: Arc<Plane>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: TestClock,
    pub(crate) operator: Principal,
    pub(crate) operator_token: Secret,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::offering(Vec::new()).await
    }

    pub(crate) async fn offering(offers: Vec<OfferedSecret>) -> Self {
        let (store, clock) = (Arc::new(MemoryStore::default()), TestClock::default());
        let first = first_start(&*store, clock.now(), &pepper(), &vault()).await;
        let first = first.unwrap().expect("an empty store has no operator");
        let operator_token = first.token().clone();
        first.store(&*store).await.unwrap();
        let plane = open(&store, Arc::new(clock.clone()), offers).await;
        let session = prove(&plane, &operator_token).await.unwrap();
        Self {
            operator: session.principal,
            plane,
            store,
            clock,
            operator_token,
        }
    }

    /// Another plane over the same store, as after a restart.
    pub(crate) async fn restarted(&self) -> Arc<Plane> {
        self.timed_by(Arc::new(self.clock.clone())).await
    }

    /// Another plane over the same store that goes by another clock.
    pub(crate) async fn timed_by(&self, clock: Arc<dyn Clock>) -> Arc<Plane> {
        open(&self.store, clock, Vec::new()).await
    }

    pub(crate) async fn agent(&self, name: &str) -> Secret {
        let name = name.parse().unwrap();
        let created = portunus_app::agents::create(&self.plane, self.operator, name).await;
        created.unwrap().token
    }

    pub(crate) async fn prove(&self, token: &Secret) -> Result<Session, AuthError> {
        prove(&self.plane, token).await
    }
}

async fn open(
    store: &Arc<MemoryStore>,
    clock: Arc<dyn Clock>,
    offers: Vec<OfferedSecret>,
) -> Arc<Plane> {
    let store: Arc<dyn Store> = Arc::clone(store) as _;
    let parts = PlaneParts {
        store,
        clock,
        pepper: pepper(),
        vault: Arc::new(vault()),
        upstream_policy: UpstreamPolicy::new(PrivateUpstreams::Allowed),
        offers,
        background: Handle::current(),
    };
    Plane::open(parts).await.unwrap()
}

pub(crate) fn pepper() -> Pepper {
    Pepper::new(1, &PEPPER)
}

fn vault() -> Vault {
    Vault::new(&Zeroizing::new([9; 32]))
}

pub(crate) fn bearer(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    headers.insert("authorization", value);
    headers
}

pub(crate) async fn prove(plane: &Plane, token: &Secret) -> Result<Session, AuthError> {
    plane.authenticate_text(token.expose()).await
}
