//! How a connection to a plane comes about: bytes over TCP, and TLS over them for `https`.

use crate::endpoint::{Endpoint, Scheme};
use crate::error::BuildError;
use crate::pin::PinnedVerifier;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower::Service;

/// Longest that TCP may take to come about, over all addresses of a name; and TLS after it.
const CONNECT: Duration = Duration::from_secs(5);
/// After so long a silence TCP asks whether the other end is still there, so often, and gives up after so many: an answer may
/// rightly take minutes to begin, and a plane that died without a word says nothing.
const ASK_AFTER: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_secs(5);
const ASK_TIMES: u32 = 3;

/// A connection on which bytes go both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection that is coming about.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// Makes connections. [`Tcp`] is the usual one; a program that reaches its plane otherwise, over a Unix socket or a tunnel,
/// brings its own with [`crate::Builder::dial`]. TLS comes on top of it all the same.
pub trait Dial: fmt::Debug + Send + Sync + 'static {
    /// Connects to `port` of `host`, a name or an address.
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a>;
}

/// Connects over TCP: to whichever address of a name answers first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Dial for Tcp {
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a> {
        Box::pin(async move {
            let authority = match host.contains(':') {
                true => format!("[{host}]:{port}"),
                false => format!("{host}:{port}"),
            };
            let uri = Uri::builder().scheme("http").authority(authority);
            let uri = uri.path_and_query("/").build().map_err(io::Error::other)?;
            let stream = tcp().call(uri).await.map_err(io::Error::other)?;
            Ok(Box::new(stream.into_inner()) as Box<dyn Stream>)
        })
    }
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    // Requests are small; without it each waits for an acknowledgement (Nagle).
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_keepalive(Some(ASK_AFTER));
    tcp.set_keepalive_interval(Some(ASK_EVERY));
    tcp.set_keepalive_retries(Some(ASK_TIMES));
    tcp
}

/// Makes connections to one endpoint.
#[derive(Clone)]
pub(crate) struct Line {
    endpoint: Arc<Endpoint>,
    dial: Arc<dyn Dial>,
    tls: Option<TlsConnector>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Line").field(&self.endpoint).finish()
    }
}

impl Line {
    /// Reads the system's roots where they are needed.
    pub(crate) fn new(endpoint: Endpoint, dial: Arc<dyn Dial>) -> Result<Self, BuildError> {
        let tls = match endpoint.scheme() {
            Scheme::Http => None,
            Scheme::Https => Some(TlsConnector::from(Arc::new(tls_of(&endpoint)?))),
        };
        Ok(Self {
            endpoint: Arc::new(endpoint),
            dial,
            tls,
        })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let (host, port) = (self.endpoint.host(), self.endpoint.port());
        let stream = self.dial.dial(host, port).await?;
        let Some(tls) = &self.tls else {
            return Ok(stream);
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let tls = timeout(CONNECT, tls.connect(name, stream)).await;
        Ok(Box::new(tls.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, "TLS does not come about")
        })??))
    }
}

fn tls_of(endpoint: &Endpoint) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    #[expect(
        clippy::expect_used,
        reason = "the provider supports the default versions by construction"
    )]
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs knows TLS 1.2 and 1.3");
    let mut config = match endpoint.pins() {
        [] => config.with_root_certificates(roots()?),
        pins => {
            let verifier = PinnedVerifier::new(pins.to_vec(), algorithms);
            let config = config.dangerous();
            config.with_custom_certificate_verifier(Arc::new(verifier))
        }
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The machine's root certificates; `SSL_CERT_FILE` and `SSL_CERT_DIR` count.
fn roots() -> Result<RootCertStore, BuildError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(BuildError::NoRoots);
    }
    Ok(roots)
}
