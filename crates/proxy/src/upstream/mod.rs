//! Connections to upstreams: one client per worker, TLS with HTTP/2 or HTTP/1.1, guarded addresses.

mod guard;
#[cfg(test)]
mod tests;

use guard::AddressRefused;

use bytes::Bytes;
use guard::{GuardedConnector, GuardedResolver};
use http_body_util::{BodyExt, Full};
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use portunus_app::upstream_policy::{UpstreamPolicy, UpstreamScheme};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Certificates that upstreams must chain to, and nothing else of TLS that differs per worker.
#[derive(Clone, Debug)]
pub struct TlsRoots(Arc<rustls::ClientConfig>);

/// No certificates were found on this machine.
#[derive(Debug, thiserror::Error)]
#[error(
    "no root certificates were found; install the ca-certificates package or set SSL_CERT_FILE"
)]
pub struct NoRoots;

impl TlsRoots {
    /// Reads the machine's root certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` count).
    ///
    /// # Errors
    /// When there are none; [`TlsRoots::none`] then leaves plain HTTP upstreams usable.
    pub fn of_this_machine() -> Result<Self, NoRoots> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = rustls::RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            Err(NoRoots)
        } else {
            Ok(Self::with(roots))
        }
    }

    /// Trusts nobody: every HTTPS upstream fails.
    #[must_use]
    pub fn none() -> Self {
        Self::with(rustls::RootCertStore::empty())
    }

    /// Trusts exactly `roots`.
    #[must_use]
    pub fn with(roots: rustls::RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        #[expect(
            clippy::expect_used,
            reason = "the provider supports the default versions by construction"
        )]
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("aws-lc-rs knows TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(Arc::new(config))
    }
}

type HttpClient =
    Client<GuardedConnector<HttpsConnector<HttpConnector<GuardedResolver>>>, Full<Bytes>>;

/// Requests under way on one HTTP/2 connection. Servers allow 100 and more (RFC 9113 §6.5.2); what is over a server's
/// number would wait unseen behind long streams.
const STREAMS_PER_LANE: usize = 64;
/// Connections over which HTTP/2 requests spread; what is over that gets HTTP/1.1 connections of its own.
const LANES: usize = 8;
/// How much of one answer may be on its way unread.
const STREAM_WINDOW: u32 = 512 * 1024;
/// The same for a whole connection: never the limit, or one client that stops reading would stall all others.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// Makes requests to upstreams and keeps their connections for reuse.
#[derive(Clone, Debug)]
pub struct Upstream {
    lanes: Arc<[Lane]>,
    single: HttpClient,
}

/// A client that shares one connection per HTTP/2 upstream.
#[derive(Debug)]
struct Lane {
    client: HttpClient,
    under_way: Arc<AtomicUsize>,
}

/// A place on a shared connection; dropping it gives the place back.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counter))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an upstream's answer. Dropping it before its end cancels the request.
#[derive(Debug)]
pub(crate) struct UpstreamBody {
    body: Incoming,
    _place: Option<Place>,
}

impl UpstreamBody {
    /// The next frame; `None` at the end.
    pub(crate) async fn frame(&mut self) -> Option<Result<Frame<Bytes>, hyper::Error>> {
        self.body.frame().await
    }
}

impl Upstream {
    /// Must be called in the runtime that will use it: its connections live there.
    #[must_use]
    pub fn new(roots: &TlsRoots, policy: UpstreamPolicy, connect_timeout: Duration) -> Self {
        let connector = |scheme, versions: Versions| {
            let mut http = HttpConnector::new_with_resolver(GuardedResolver::new(policy, scheme));
            http.enforce_http(false);
            // Without it small requests wait for an acknowledgement (Nagle), 40 ms and more.
            http.set_nodelay(true);
            http.set_connect_timeout(Some(connect_timeout));
            http.set_keepalive(Some(Duration::from_secs(60)));
            let builder = HttpsConnectorBuilder::new()
                .with_tls_config((*roots.0).clone())
                .https_or_http();
            match versions {
                Versions::All => builder.enable_all_versions().wrap_connector(http),
                Versions::Http1 => builder.enable_http1().wrap_connector(http),
            }
        };
        let client = |versions| {
            let plain = connector(UpstreamScheme::Http, versions);
            let secure = connector(UpstreamScheme::Https, versions);
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(Duration::from_secs(60))
                .timer(TokioTimer::new())
                .http2_keep_alive_interval(Duration::from_secs(20))
                .http2_initial_stream_window_size(STREAM_WINDOW)
                .http2_initial_connection_window_size(CONNECTION_WINDOW)
                .build(GuardedConnector::new(plain, secure, policy))
        };
        let lane = || Lane {
            client: client(Versions::All),
            under_way: Arc::default(),
        };
        let lanes = std::iter::repeat_with(lane).take(LANES).collect();
        Self {
            lanes,
            single: client(Versions::Http1),
        }
    }

    /// Sends one request; resolves at the answer's headers. Dropping the future or the answer's body cancels it.
    ///
    /// # Errors
    /// When no answer came: refused address, connection, TLS, or a peer that broke off.
    pub(crate) async fn send(
        &self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<UpstreamBody>, hyper_util::client::legacy::Error> {
        let shares = request.uri().scheme() == Some(&http::uri::Scheme::HTTPS);
        let free = |lane: &&Lane| lane.under_way.load(Ordering::Relaxed) < STREAMS_PER_LANE;
        let lane = self.lanes.iter().find(free).filter(|_| shares);
        let place = lane.map(|lane| Place::take(&lane.under_way));
        let client = lane.map_or(&self.single, |lane| &lane.client);
        let response = client.request(request).await?;
        Ok(response.map(|body| UpstreamBody {
            body,
            _place: place,
        }))
    }
}

/// Which versions a connection may agree on.
#[derive(Clone, Copy, Debug)]
enum Versions {
    All,
    Http1,
}

/// Whether no connection was tried because the address is not allowed.
pub(crate) fn is_refused_address(error: &hyper_util::client::legacy::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<AddressRefused>() {
            return true;
        }
        cause = error.source();
    }
    false
}
