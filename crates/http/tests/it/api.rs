//! The router of a whole plane over the model store, and requests to it.

use axum::Router;
use axum::body::Body;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use portunus_app::bootstrap::first_start;
use portunus_app::keys::import_env::OfferedSecret;
use portunus_app::pools::Vault;
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use portunus_app::{Plane, PlaneParts};
use portunus_core::agent::Principal;
use portunus_core::time::Clock;
use portunus_core::token::Pepper;
use portunus_http::listen::{self, Peer};
use portunus_store::Store;
use portunus_store::memory::MemoryStore;
use portunus_testkit::TestClock;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tower::ServiceExt;
use zeroize::Zeroizing;

/// The control API of one plane.
pub(crate) struct Api {
    pub(crate) plane: Arc<Plane>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: TestClock,
    pub(crate) operator: String,
    router: Router,
}

/// The router behind a listener.
#[derive(Clone)]
struct Behind(Router);

impl listen::Serve for Behind {
    type Body = Body;
    type BodyError = axum::Error;

    async fn serve(&self, request: listen::Request, peer: IpAddr) -> Response<Body> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        self.0.clone().oneshot(request).await.unwrap()
    }
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The code of a problem document, whose other parts are checked by the way.
    pub(crate) fn code(&self) -> String {
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{self:?}"
        );
        let problem = self.json();
        for part in [
            "type", "title", "detail", "instance", "code", "fix", "doc_url",
        ] {
            let text = problem[part].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{part} is missing: {problem}");
        }
        assert_eq!(problem["status"], self.status.as_u16());
        let id = self.headers["x-request-id"].to_str().unwrap();
        assert_eq!(problem["instance"], format!("urn:portunus:request:{id}"));
        problem["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

fn pepper() -> Pepper {
    Pepper::new(1, &[7; 32])
}

fn vault() -> Vault {
    Vault::new(&Zeroizing::new([9; 32]))
}

impl Api {
    pub(crate) async fn new() -> Self {
        Self::offering(Vec::new()).await
    }

    /// A new plane that found these provider keys in its environment.
    pub(crate) async fn offering(offers: Vec<OfferedSecret>) -> Self {
        let (store, clock) = (Arc::new(MemoryStore::default()), TestClock::default());
        let (pepper, vault) = (pepper(), vault());
        let first = first_start(&*store, clock.now(), &pepper, &vault).await;
        let first = first.unwrap().expect("an empty store has no operator");
        let operator = first.token().expose().to_owned();
        first.store(&*store).await.unwrap();
        Self::open(store, clock, operator, offers).await
    }

    /// Another plane over the same store, as after a crash.
    pub(crate) async fn beside(&self, offers: Vec<OfferedSecret>) -> Self {
        let (store, clock) = (Arc::clone(&self.store), self.clock.clone());
        Self::open(store, clock, self.operator.clone(), offers).await
    }

    async fn open(
        store: Arc<MemoryStore>,
        clock: TestClock,
        operator: String,
        offers: Vec<OfferedSecret>,
    ) -> Self {
        let plane = Plane::open(PlaneParts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::new(clock.clone()),
            pepper: pepper(),
            vault: Arc::new(vault()),
            upstream_policy: UpstreamPolicy::new(PrivateUpstreams::Allowed),
            offers,
            background: Handle::current(),
        });
        let plane = plane.await.unwrap();
        Self {
            router: portunus_http::router(Arc::clone(&plane)),
            plane,
            store,
            clock,
            operator,
        }
    }

    /// The same behind a listener, at the address that is given with it.
    pub(crate) async fn served(self) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = Behind(self.router.clone());
        let make = move || router.clone();
        let patience = listen::Patience::default();
        let stop = listen::Stop::default();
        let serving = listen::serve(listener, 1, patience, make, stop, || Duration::ZERO);
        tokio::spawn(serving.unwrap());
        (self, address)
    }

    /// The same plane after a restart.
    pub(crate) async fn restarted(self) -> Self {
        self.plane.flush().await.unwrap();
        Self::open(self.store, self.clock, self.operator, Vec::new()).await
    }

    /// Who the operator's token proves.
    pub(crate) async fn principal(&self) -> Principal {
        let whoami = self.get("/api/v1/whoami").await.is(200).json();
        let id = whoami["id"].as_str().unwrap();
        Principal::Operator(id.parse().unwrap())
    }

    /// All that the store has, as text.
    pub(crate) async fn everything_stored(&self) -> String {
        format!("{:?}", self.store)
    }

    /// Sends a request, to a host of no meaning if it names none, and leaves the answer's body unread.
    pub(crate) async fn begin(&self, mut request: Request<Body>) -> Response<Body> {
        let host = HeaderValue::from_static("plane.test");
        request.headers_mut().entry(HOST).or_insert(host);
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.begin(request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// A request with a token, or without when it is empty.
    pub(crate) async fn call_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            None => Body::empty(),
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
        };
        self.send(request.body(body).unwrap()).await
    }

    /// A look at `path` over a connection from `peer`.
    pub(crate) async fn look_from(&self, peer: &str, token: &str, path: &str) -> Answer {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        if !token.is_empty() {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        self.send(request).await
    }

    /// A request of the first operator.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.call_as(&self.operator, method, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// A new agent's token.
    pub(crate) async fn agent(&self, name: &str) -> String {
        let created = self
            .post("/api/v1/agents", json!({"name": name}))
            .await
            .is(201);
        created.json()["token"].as_str().unwrap().to_owned()
    }

    /// A new key of the pool `anthropic`.
    pub(crate) async fn key(&self, label: &str) -> Value {
        let body = json!({"pool": "anthropic", "label": label, "secret": format!("sk-{label}")});
        self.post("/api/v1/keys", body).await.is(201).json()
    }
}
