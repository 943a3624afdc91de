//! How a connection to a plane comes about: bytes over TCP, and TLS over them for `https`.

use crate::endpoint::{Endpoint, Scheme};
use crate::error::BuildError;
use crate::pin::PinnedVerifier;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

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

/// Connects over TCP.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Dial for Tcp {
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialing<'a> {
        Box::pin(async move {
            let stream = TcpStream::connect((host, port)).await?;
            // Requests are small; without it each waits for an acknowledgement (Nagle).
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
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
        Ok(Box::new(tls.connect(name, stream).await?))
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
    let mut config = match endpoint.pin() {
        Some(pin) => {
            let verifier = PinnedVerifier::new(pin.clone(), algorithms);
            let config = config.dangerous();
            config.with_custom_certificate_verifier(Arc::new(verifier))
        }
        None => config.with_root_certificates(roots()?),
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
