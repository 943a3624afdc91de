//! Servers in memory: every connection is a pipe, so that paused time moves on only when nothing is left to do.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use portunus_client::{Clock, Dial, Dialing, Stream, Tick, Timestamp};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tower::ServiceExt;

/// Time as tokio has it, which stands still while anybody works.
#[derive(Clone, Debug)]
pub(crate) struct PausedClock(Instant);

impl PausedClock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    fn elapsed_ms(&self) -> u64 {
        self.0.elapsed().as_millis().try_into().unwrap()
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_793_491_200).plus_ms(self.elapsed_ms())
    }

    fn tick(&self) -> Tick {
        Tick::from_millis(1_000_000 + self.elapsed_ms())
    }
}

/// One request, as a server saw it, and what it answered.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) at: Instant,
    /// 0 when nothing was answered.
    pub(crate) status: u16,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// What a server says to one request.
pub(crate) enum Say {
    Answer(Response<Body>),
    /// The connection breaks instead.
    Cut,
    /// Nothing comes, ever.
    Silence,
    /// The request becomes a WebSocket, on which this happens.
    Upgrade(Conversation),
}

/// The plane's end of a WebSocket.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// What happens on a WebSocket.
pub(crate) type Conversation =
    Box<dyn FnOnce(Socket) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What answers.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// A plane's router.
    Plane(Router),
    /// The same, and the connection breaks after the work is done.
    PlaneWithoutReplies(Router),
    /// Whatever a test makes up.
    Script(Arc<dyn Fn(&Seen) -> Say + Send + Sync>),
    /// Bytes that are no HTTP.
    Noise(&'static [u8]),
}

/// Hosts by name, and what they have seen.
#[derive(Clone, Default)]
pub(crate) struct Network(Arc<Mutex<Hosts>>);

#[derive(Default)]
struct Hosts {
    behaviours: HashMap<String, Behaviour>,
    connections: HashMap<String, Vec<AbortHandle>>,
    dialled: Vec<String>,
    seen: Vec<Seen>,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    /// From now on `host` answers so.
    pub(crate) fn host(&self, name: &str, behaviour: Behaviour) {
        self.0.lock().behaviours.insert(name.to_owned(), behaviour);
    }

    pub(crate) fn script(&self, name: &str, say: impl Fn(&Seen) -> Say + Send + Sync + 'static) {
        self.host(name, Behaviour::Script(Arc::new(say)));
    }

    /// `host` refuses connections, and those that there are break.
    pub(crate) fn down(&self, name: &str) {
        let mut hosts = self.0.lock();
        hosts.behaviours.remove(name);
        for connection in hosts.connections.remove(name).unwrap_or_default() {
            connection.abort();
        }
    }

    pub(crate) fn dialled(&self) -> Vec<String> {
        self.0.lock().dialled.clone()
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.lock().seen.clone()
    }

    /// Requests to `path`.
    pub(crate) fn seen_at(&self, path: &str) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|one| one.path.split('?').next() == Some(path));
        seen
    }

    fn connect(&self, host: &str) -> io::Result<Box<dyn Stream>> {
        let mut hosts = self.0.lock();
        hosts.dialled.push(host.to_owned());
        if !hosts.behaviours.contains_key(host) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        // A cable of its own between the two ends, which can be cut whatever became of the connection.
        let (ours, mut near) = tokio::io::duplex(64 * 1024);
        let (mut far, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(serve(self.clone(), host.to_owned(), theirs));
        let cable =
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        let connections = hosts.connections.entry(host.to_owned()).or_default();
        connections.retain(|connection| !connection.is_finished());
        connections.push(cable.abort_handle());
        Ok(Box::new(ours))
    }

    async fn answer(
        &self,
        host: &str,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Broken> {
        let behaviour = self.0.lock().behaviours.get(host).cloned().ok_or(Broken)?;
        let (mut parts, body) = request.into_parts();
        let upgrading = match &behaviour {
            Behaviour::Script(_) => parts.extensions.remove::<OnUpgrade>(),
            _ => None,
        };
        let headers = parts.headers.clone();
        let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
        let mut seen = Seen {
            path: parts.uri.path_and_query().unwrap().to_string(),
            headers: parts.headers.clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
            at: Instant::now(),
            status: 0,
        };
        let said = match behaviour {
            Behaviour::Script(say) => say(&seen),
            Behaviour::Plane(router) => {
                let request = Request::from_parts(parts, Body::from(body));
                Say::Answer(router.oneshot(request).await.unwrap())
            }
            Behaviour::PlaneWithoutReplies(router) => {
                let request = Request::from_parts(parts, Body::from(body));
                let _ = router.oneshot(request).await.unwrap();
                Say::Cut
            }
            Behaviour::Noise(_) => Say::Cut,
        };
        if let Say::Answer(answer) = &said {
            seen.status = answer.status().as_u16();
        }
        self.0.lock().seen.push(seen);
        match said {
            Say::Answer(answer) => Ok(answer),
            Say::Cut => Err(Broken),
            Say::Silence => std::future::pending().await,
            Say::Upgrade(conversation) => Ok(upgrade(upgrading, &headers, conversation)),
        }
    }
}

/// The answer to a WebSocket's request (RFC 6455 §4.2.2), after which the conversation begins.
fn upgrade(
    upgrading: Option<OnUpgrade>,
    headers: &HeaderMap,
    conversation: Conversation,
) -> Response<Body> {
    let accept = derive_accept_key(headers["sec-websocket-key"].as_bytes());
    tokio::spawn(async move {
        let upgraded = TokioIo::new(upgrading.unwrap().await.unwrap());
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, None).await;
        conversation(socket).await;
    });
    Response::builder()
        .status(101)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", accept)
        .body(Body::empty())
        .unwrap()
}

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

async fn serve(network: Network, host: String, mut stream: tokio::io::DuplexStream) {
    let behaviour = network.0.lock().behaviours.get(&host).cloned();
    if let Some(Behaviour::Noise(bytes)) = behaviour {
        use tokio::io::AsyncWriteExt;
        let _ = stream.write_all(bytes).await;
        return;
    }
    let service = service_fn(|request| network.answer(&host, request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = connection.with_upgrades().await;
}

impl Dial for Network {
    fn dial<'a>(&'a self, host: &'a str, _: u16) -> Dialing<'a> {
        Box::pin(async move { self.connect(host) })
    }
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: serde_json::Value) -> Say {
    let answer = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    Say::Answer(answer.unwrap())
}

/// A problem document with a code, and perhaps `Retry-After`.
pub(crate) fn problem(status: u16, code: &str, retry_after: Option<u64>) -> Say {
    let body = serde_json::json!({
        "type": "/errors", "title": "refused", "status": status, "detail": "refused", "instance": "urn:x",
        "code": code, "fix": "", "doc_url": "/errors",
    });
    let mut answer = Response::builder().status(status);
    if let Some(seconds) = retry_after {
        answer = answer.header("retry-after", seconds);
    }
    Say::Answer(answer.body(Body::from(body.to_string())).unwrap())
}

/// An access token that lasts `expires_in` seconds.
pub(crate) fn access(text: &str, expires_in: u64) -> Say {
    json(
        200,
        serde_json::json!({
            "access_token": text, "token_type": "Bearer", "expires_in": expires_in, "refresh_in": expires_in / 2, "scope": "self.*",
        }),
    )
}

/// Sleeps; the clock jumps there when nobody has anything to do.
pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
