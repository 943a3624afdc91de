//! A real plane over the model store, on paused time, behind a host of the network in memory.

use crate::memory::{Behaviour, Network, PausedClock};
use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use portunus_app::bootstrap::first_start;
use portunus_app::pools::Vault;
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use portunus_app::{Plane, PlaneParts};
use portunus_client::{Builder, Client, Clock};
use portunus_core::token::Pepper;
use portunus_store::Store;
use portunus_store::memory::MemoryStore;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::runtime::Handle;
use tower::ServiceExt;
use zeroize::Zeroizing;

/// The plane's name in the network.
pub(crate) const HOST: &str = "plane.test";

pub(crate) struct Plant {
    pub(crate) network: Network,
    pub(crate) clock: PausedClock,
    pub(crate) operator: String,
    pub(crate) plane: Arc<Plane>,
    store: Arc<MemoryStore>,
    router: Router,
}

impl Plant {
    pub(crate) async fn new() -> Self {
        let (store, clock) = (Arc::new(MemoryStore::default()), PausedClock::new());
        let vault = Vault::new(&Zeroizing::new([9; 32]));
        let first = first_start(&*store, clock.now(), &pepper(), &vault).await;
        let first = first.unwrap().expect("an empty store has no operator");
        let operator = first.token().expose().to_owned();
        first.store(&*store).await.unwrap();
        let plane = open(&store, &clock).await;
        let plant = Self {
            network: Network::default(),
            clock,
            operator,
            router: portunus_http::router(Arc::clone(&plane)),
            plane,
            store,
        };
        plant.up();
        plant
    }

    /// The plane answers.
    pub(crate) fn up(&self) {
        self.network
            .host(HOST, Behaviour::Plane(self.router.clone()));
    }

    /// The plane does what it is asked for, and no reply arrives.
    pub(crate) fn up_without_replies(&self) {
        let behaviour = Behaviour::PlaneWithoutReplies(self.router.clone());
        self.network.host(HOST, behaviour);
    }

    /// The plane is gone from the network.
    pub(crate) fn down(&self) {
        self.network.down(HOST);
    }

    /// Another process over the same store: it knows what was stored and nothing else.
    pub(crate) async fn restart(&mut self) {
        self.plane.flush().await.unwrap();
        self.plane = open(&self.store, &self.clock).await;
        self.router = portunus_http::router(Arc::clone(&self.plane));
        self.up();
    }

    /// A client in front of the plane, with a token.
    pub(crate) fn builder(&self, token: &str) -> Builder {
        Client::builder()
            .planes([format!("http://{HOST}")])
            .token(token)
            .dial(self.network.clone())
            .clock(self.clock.clone())
    }

    pub(crate) fn client(&self, token: &str) -> Client {
        self.builder(token).build().unwrap()
    }

    /// What the first operator asks for, past the network.
    pub(crate) async fn operate(&self, method: Method, path: &str, body: Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", HOST)
            .header("authorization", format!("Bearer {}", self.operator))
            .header("content-type", "application/json");
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        let request = request.body(body).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(status < StatusCode::BAD_REQUEST, "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.operate(Method::POST, path, body).await
    }

    /// A new agent's token.
    pub(crate) async fn agent(&self, name: &str) -> String {
        let created = self.post("/api/v1/agents", json!({"name": name})).await;
        created["token"].as_str().unwrap().to_owned()
    }

    /// How the plane says that an agent stands.
    pub(crate) async fn status_of(&self, name: &str) -> String {
        let path = format!("/api/v1/agents/{name}");
        let shown = self.operate(Method::GET, &path, Value::Null).await;
        shown["status"].as_str().unwrap().to_owned()
    }

    /// How many requests were answered with this status.
    pub(crate) fn answered(&self, status: u16) -> usize {
        let seen = self.network.seen();
        seen.iter().filter(|seen| seen.status == status).count()
    }
}

fn pepper() -> Pepper {
    Pepper::new(1, &[7; 32])
}

async fn open(store: &Arc<MemoryStore>, clock: &PausedClock) -> Arc<Plane> {
    let parts = PlaneParts {
        store: Arc::clone(store) as Arc<dyn Store>,
        clock: Arc::new(clock.clone()),
        pepper: pepper(),
        vault: Arc::new(Vault::new(&Zeroizing::new([9; 32]))),
        upstream_policy: UpstreamPolicy::new(PrivateUpstreams::Allowed),
        offers: Vec::new(),
        background: Handle::current(),
    };
    Plane::open(parts).await.unwrap()
}
