//! How a connection to a plane comes about: bytes over TCP, and TLS over them for `https`.

use crate::endpoint::{Endpoint, Scheme};
use crate::error::BuildError;
use crate::pin::PinnedVerifier;
use crate::trouble::{Troubles, not_connected};
use crate::trust::RootsVerifier;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
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
    troubles: Arc<Troubles>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Line").field(&self.endpoint).finish()
    }
}

impl Line {
    /// Reads the system's roots where they are needed.
    pub(crate) fn new(
        endpoint: Endpoint,
        dial: Arc<dyn Dial>,
        troubles: Arc<Troubles>,
    ) -> Result<Self, BuildError> {
        let tls = match endpoint.scheme() {
            Scheme::Http => None,
            Scheme::Https => Some(TlsConnector::from(Arc::new(tls_of(&endpoint)?))),
        };
        Ok(Self {
            endpoint: Arc::new(endpoint),
            dial,
            tls,
            troubles,
        })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How this address and the others fail.
    pub(crate) fn troubles(&self) -> &Troubles {
        &self.troubles
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let made = self.make().await;
        match &made {
            // Whether a plane is behind it, only an answer shows.
            Ok(_) if self.tls.is_none() => {}
            Ok(_) => self.troubles.clear(&self.endpoint),
            Err(error) => self.troubles.note(&self.endpoint, &not_connected(error)),
        }
        made
    }

    async fn make(&self) -> io::Result<Box<dyn Stream>> {
        let (host, port) = (self.endpoint.host(), self.endpoint.port());
        let stream = self.dial.dial(host, port).await?;
        let Some(tls) = &self.tls else {
            return Ok(stream);
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        match timeout(CONNECT, tls.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) if error.kind() != io::ErrorKind::InvalidData => {
                Err(no_tls("it was closed"))
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(no_tls("nothing was heard")),
        }
    }
}

/// A handshake that went nowhere, as with a server that speaks no TLS.
fn no_tls(how: &str) -> io::Error {
    let why = format!("TLS does not come about, {how}; if the plane has none, write http://");
    io::Error::new(io::ErrorKind::ConnectionAborted, why)
}

fn tls_of(endpoint: &Endpoint) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    #[expect(
        clippy::expect_used,
        reason = "the provider supports the default versions by construction"
    )]
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs knows TLS 1.2 and 1.3");
    let verifier: Arc<dyn ServerCertVerifier> = match endpoint.pins() {
        [] => {
            let roots = Arc::new(roots()?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
            Arc::new(RootsVerifier(verifier.map_err(|_| BuildError::NoRoots)?))
        }
        pins => Arc::new(PinnedVerifier::new(pins.to_vec(), algorithms)),
    };
    let config = config.dangerous();
    let mut config = config
        .with_custom_certificate_verifier(verifier)
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
