//! Connections to the plane: HTTP/1.1, plain or over TLS against the system's roots, kept open between requests. Redirects
//! are never followed. A peer that died without a word is noticed by TCP, since an answer may rightly take minutes to begin.

use super::judge::Met;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use portunus_client::Endpoint;
use std::sync::Arc;
use std::time::Duration;

/// Longest that a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// After so long a silence TCP asks whether the other end is still there, so often, and gives up after so many.
const ASK_AFTER: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_secs(5);
const ASK_TIMES: u32 = 3;
/// Shorter than the plane keeps a quiet connection.
const IDLE: Duration = Duration::from_secs(60);

/// The system has no usable roots.
#[derive(Debug, thiserror::Error)]
#[error("TLS is not possible on this machine: {0}")]
pub struct NoTls(String);

/// Why no head of an answer came. Never holds what was sent.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub(super) struct Lost {
    met: Met,
    cause: String,
}

impl Lost {
    pub(super) const fn met(&self) -> Met {
        self.met
    }
}

fn is_encrypted(address: &Endpoint) -> bool {
    address.to_string().starts_with("https://")
}

/// A pool of connections.
#[derive(Clone, Debug)]
pub(super) struct Wire(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Wire {
    /// Reads the system's roots when one of `addresses` needs them.
    pub(super) fn new(addresses: &[Endpoint]) -> Result<Self, NoTls> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| NoTls(error.to_string()))?;
        let tls = if addresses.iter().any(is_encrypted) {
            let tls = tls.with_native_roots();
            tls.map_err(|error| NoTls(error.to_string()))?
        } else {
            tls.with_root_certificates(rustls::RootCertStore::empty())
        };
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT));
        http.set_keepalive(Some(ASK_AFTER));
        http.set_keepalive_interval(Some(ASK_EVERY));
        http.set_keepalive_retries(Some(ASK_TIMES));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self(client))
    }

    /// One request, until its answer begins.
    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Lost> {
        self.0.request(request).await.map_err(|error| {
            let met = if error.is_connect() {
                Met::NoConnection
            } else {
                Met::Silence
            };
            let mut cause: &dyn std::error::Error = &error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            Lost {
                met,
                cause: cause.to_string(),
            }
        })
    }
}
