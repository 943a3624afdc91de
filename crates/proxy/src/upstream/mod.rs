//! Connections to upstreams: one client per worker, TLS with HTTP/2 or HTTP/1.1, guarded addresses.

mod guard;

use guard::AddressRefused;

use bytes::Bytes;
use guard::{GuardedConnector, GuardedResolver};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use portunus_app::upstream_policy::{UpstreamPolicy, UpstreamScheme};
use std::sync::Arc;
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

/// Makes requests to upstreams and keeps their connections for reuse.
#[derive(Clone, Debug)]
pub struct Upstream {
    client: Client<GuardedConnector<HttpsConnector<HttpConnector<GuardedResolver>>>, Full<Bytes>>,
}

impl Upstream {
    /// Must be called in the runtime that will use it: its connections live there.
    #[must_use]
    pub fn new(roots: &TlsRoots, policy: UpstreamPolicy, connect_timeout: Duration) -> Self {
        let connector = |scheme| {
            let mut http = HttpConnector::new_with_resolver(GuardedResolver::new(policy, scheme));
            http.enforce_http(false);
            // Without it small requests wait for an acknowledgement (Nagle), 40 ms and more.
            http.set_nodelay(true);
            http.set_connect_timeout(Some(connect_timeout));
            http.set_keepalive(Some(Duration::from_secs(60)));
            HttpsConnectorBuilder::new()
                .with_tls_config((*roots.0).clone())
                .https_or_http()
                .enable_all_versions()
                .wrap_connector(http)
        };
        let plain = connector(UpstreamScheme::Http);
        let secure = connector(UpstreamScheme::Https);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_adaptive_window(true)
            .build(GuardedConnector::new(plain, secure, policy));
        Self { client }
    }

    /// Sends one request; resolves at the answer's headers. Dropping the future or the answer's body cancels it.
    ///
    /// # Errors
    /// When no answer came: refused address, connection, TLS, or a peer that broke off.
    pub async fn send(
        &self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<Incoming>, hyper_util::client::legacy::Error> {
        self.client.request(request).await
    }
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
