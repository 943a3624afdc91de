//! A plane in memory behind a real door on a real socket, a fake provider behind it, and clients in front.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use portunus_app::bootstrap::first_start;
use portunus_app::clock::SystemClock;
use portunus_app::keys::add::NewKey;
use portunus_app::keys::{self, ProviderSecret};
use portunus_app::pool_settings::update::{FallbackChange, PoolChange};
use portunus_app::pool_settings::{self, MaxWait};
use portunus_app::pools::Vault;
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use portunus_app::{Plane, PlaneParts, Session, agents, decisions};
use portunus_core::agent::Principal;
use portunus_core::decision::Decision;
use portunus_core::token::Pepper;
use portunus_http::listen::{self, Patience, Request, Serve, Stop};
use portunus_proxy::{BrokenOff, Door, DoorBody, DoorSettings, DoorState, TlsRoots, Upstream};
use portunus_store::memory::MemoryStore;
use portunus_store::{AuditFilter, Page, Store};
use portunus_testkit::FakeProvider;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// Everything that a test of the door needs.
pub(crate) struct Plant {
    pub(crate) plane: Arc<Plane>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) provider: FakeProvider,
    pub(crate) operator: Principal,
    /// The same, with its token.
    pub(crate) boss: Session,
    pub(crate) address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// How long anything may take before a test gives up on it. It costs nothing where all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What is promised within a second takes no longer than this on a machine that is busy with others.
pub(crate) const SOON: Duration = Duration::from_secs(1);

/// A stream that waits is opened soon enough for tests; the rest as in production.
pub(crate) fn brief() -> DoorSettings {
    DoorSettings {
        open_after: Duration::from_millis(300),
        keepalive: Duration::from_millis(150),
        ..DoorSettings::default()
    }
}

/// For upstreams that fall silent. One that answers must not be taken for one, so this is for tests of silence alone.
pub(crate) fn impatient() -> DoorSettings {
    let patience = Duration::from_millis(1_500);
    DoorSettings {
        first_byte_timeout: patience,
        answer_timeout: patience,
        idle_timeout: patience,
        ..brief()
    }
}

#[derive(Clone)]
struct OnlyDoor(Door);

impl Serve for OnlyDoor {
    type Body = DoorBody;
    type BodyError = BrokenOff;

    async fn serve(&self, request: Request, peer: IpAddr) -> Response<DoorBody> {
        self.0.handle(request, peer).await
    }
}

impl Plant {
    /// With the keys `k1`, `k2` ... (secrets `sk-1`, `sk-2` ...) in both pools.
    pub(crate) async fn with_keys(count: usize) -> Self {
        Self::with(count, brief()).await
    }

    pub(crate) async fn with(count: usize, settings: DoorSettings) -> Self {
        let provider = FakeProvider::start().unwrap();
        let store = Arc::new(MemoryStore::default());
        let vault = Arc::new(Vault::new(&[7; 32].into()));
        let pepper = Pepper::new(1, &[9; 32]);
        let clock = Arc::new(SystemClock);
        let now = portunus_core::time::Clock::now(&*clock);
        let first = first_start(&*store, now, &pepper, &vault)
            .await
            .unwrap()
            .unwrap();
        let token = first.token().expose().to_owned();
        first.store(&*store).await.unwrap();
        let parts = PlaneParts {
            store: store.clone(),
            clock,
            pepper,
            vault,
            upstream_policy: UpstreamPolicy::new(PrivateUpstreams::Allowed),
            offers: Vec::new(),
            background: tokio::runtime::Handle::current(),
        };
        let plane = Plane::open(parts).await.unwrap();
        let session = plane.authenticate_text(&token).await.unwrap();
        let address = listen_on(plane.clone(), settings).await;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let operator = session.principal;
        let boss = session;
        let plant = Self {
            plane,
            store,
            provider,
            operator,
            boss,
            address,
            client,
        };
        for pool in ["anthropic", "openai"] {
            plant.set_pool(pool, None).await;
            for number in 1..=count {
                plant.add_key(pool, number).await;
            }
        }
        plant
    }

    pub(crate) async fn add_key(&self, pool: &str, number: usize) {
        self.provider.key(&format!("sk-{number}")).known();
        let new = NewKey {
            pool: pool.parse().unwrap(),
            label: format!("k{number}").parse().unwrap(),
            secret: ProviderSecret::parse(&format!("sk-{number}")).unwrap(),
            priority: 0,
            base_url: None,
        };
        keys::add(&self.plane, self.operator, vec![new])
            .await
            .unwrap();
    }

    /// Points the pool at the fake provider and sets its longest wait.
    pub(crate) async fn set_pool(&self, pool: &str, max_wait_ms: Option<u64>) {
        let change = PoolChange {
            base_url: Some(self.provider.base_url()),
            max_wait: max_wait_ms.and_then(MaxWait::from_millis),
            fallback: FallbackChange::Keep,
        };
        pool_settings::update(&self.plane, self.operator, pool.to_owned(), change)
            .await
            .unwrap();
    }

    /// A new agent's token.
    pub(crate) async fn agent(&self, name: &str) -> String {
        let created = agents::create(&self.plane, self.operator, name.parse().unwrap()).await;
        created.unwrap().token.expose().to_owned()
    }

    /// Sends a request and gives the answer's head and its unread body.
    pub(crate) async fn send(
        &self,
        token: &str,
        path: &str,
        body: &Value,
        headers: &[(&'static str, &str)],
    ) -> Response<Incoming> {
        let mut request = http::Request::builder()
            .method("POST")
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.to_string())).unwrap();
        let answer = timeout(PATIENCE, self.client.request(request)).await;
        answer.expect("the head of an answer came").unwrap()
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn call(&self, token: &str, path: &str, body: &Value) -> Answer {
        Answer::read(self.send(token, path, body, &[]).await).await
    }

    /// Sends a request whose body stops half-way until `meanwhile` is over; the whole answer as it came.
    pub(crate) async fn call_slowly(
        &self,
        token: &str,
        body: &Value,
        meanwhile: impl Future<Output = ()>,
    ) -> String {
        let body = body.to_string();
        let (first, rest) = body.split_at(body.len() / 2);
        let head = format!(
            "POST /v1/messages HTTP/1.1\r\nhost: plane.test\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let proven = self.plane.authentication_counts().accepted;
        let mut line = TcpStream::connect(self.address).await.unwrap();
        line.write_all((head + first).as_bytes()).await.unwrap();
        self.until(|plant| plant.plane.authentication_counts().accepted > proven)
            .await;
        meanwhile.await;
        line.write_all(rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// The actions in the audit log so far, oldest first.
    pub(crate) async fn actions(&self) -> Vec<String> {
        self.plane.flush().await.unwrap();
        let page = Page {
            after: None,
            limit: 200,
        };
        let log = self
            .store
            .audit(AuditFilter::default(), page)
            .await
            .unwrap();
        log.items
            .into_iter()
            .rev()
            .map(|record| record.action)
            .collect()
    }

    /// What was recorded of an answer's request.
    pub(crate) async fn decision(&self, answer: &Answer) -> Decision {
        let id = answer.header("x-request-id").parse().unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(found) = decisions::show(&self.plane, id).await {
                return found.decision;
            }
            assert!(Instant::now() < deadline, "no decision for {id}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many leases are out.
    pub(crate) fn in_flight(&self) -> usize {
        self.plane
            .pools()
            .all()
            .iter()
            .flat_map(|pool| pool.status().keys)
            .map(|key| usize::try_from(key.in_flight).unwrap())
            .sum()
    }

    /// How many requests wait for a key.
    pub(crate) fn waiting(&self) -> usize {
        let pools = self.plane.pools().all();
        pools.iter().map(|pool| pool.status().waiting).sum()
    }

    /// Waits until it is so.
    pub(crate) async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "it never came true");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A client that hangs up once it is so, and has no answer until then.
    pub(crate) async fn hangs_up(&self, call: impl Future, once: impl Fn(&Self) -> bool) {
        tokio::select! {
            _ = call => panic!("it was answered"),
            () = self.until(once) => {}
        }
    }

    /// Waits until no lease is out.
    pub(crate) async fn all_leases_back(&self) {
        self.until(|plant| plant.in_flight() == 0).await;
    }
}

async fn listen_on(plane: Arc<Plane>, settings: DoorSettings) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::default();
    let state = DoorState::new(&plane, stop.cut.clone(), stop.connections.clone());
    let state = Arc::new(state);
    let policy = *plane.upstream_policy();
    let make = move || {
        let upstream = Upstream::new(&TlsRoots::none(), policy, Duration::from_secs(10));
        OnlyDoor(Door::new(plane.clone(), settings, upstream, state.clone()))
    };
    let patience = Patience::default();
    let serving = listen::serve(listener, 1, patience, make, stop, || Duration::ZERO);
    tokio::spawn(serving.unwrap());
    address
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Whether the body came to its end; a cut connection leaves it open.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) async fn read(response: Response<Incoming>) -> Self {
        let (parts, mut body) = response.into_parts();
        let mut bytes = Vec::new();
        let mut complete = true;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Ok(frame) = timeout_at(deadline, body.frame()).await else {
                let read = String::from_utf8_lossy(&bytes);
                panic!("an answer did not end within {PATIENCE:?}; it began: {read}");
            };
            let Some(frame) = frame else { break };
            match frame {
                Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(_) => {
                    complete = false;
                    break;
                }
            }
        }
        let text = String::from_utf8(bytes).unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            text,
            complete,
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}
