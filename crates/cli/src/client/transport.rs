//! HTTP/1.1 for one request at a time: plain, or TLS against the system's roots. Redirects are never followed.

use super::target::BaseUrl;
use crate::failure::{Failure, Kind};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use portunus_core::secret::Secret;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Names a change, so that it happens once however often it is sent.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest that one request may take, from the first byte to the last.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Longest that a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// Why no answer came. Never holds what was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    /// There is no connection, so nothing was sent.
    #[error("cannot be reached ({0})")]
    NotConnected(String),
    /// The connection broke.
    #[error("broke off the connection ({0})")]
    Connection(String),
    /// It broke, or sent more than [`ANSWER_LIMIT`], while answering.
    #[error("broke off its answer ({0})")]
    Answer(String),
    /// What came cannot be kept here.
    #[error("sent something that cannot be written here ({0})")]
    Sink(String),
    /// Nothing came in time.
    #[error("did not answer within {} s", TIMEOUT.as_secs())]
    Timeout,
    /// The token has characters that a header cannot carry.
    #[error("the token cannot be sent: it has characters that no token has")]
    Token,
    /// The address or the request cannot be expressed in HTTP.
    #[error("the request cannot be sent ({0})")]
    Request(String),
}

impl Unreachable {
    /// Whether the same request may get an answer a little later.
    pub(super) const fn may_pass(&self) -> bool {
        match self {
            Self::NotConnected(_) | Self::Connection(_) | Self::Answer(_) | Self::Timeout => true,
            Self::Sink(_) | Self::Token | Self::Request(_) => false,
        }
    }

    fn of(error: &hyper_util::client::legacy::Error) -> Self {
        let cause = innermost(error);
        if error.is_connect() {
            Self::NotConnected(cause)
        } else {
            Self::Connection(cause)
        }
    }
}

/// What came of a download.
#[derive(Debug)]
pub(super) enum Download {
    /// All of it.
    Whole {
        /// How much that was.
        bytes: u64,
    },
    /// Something else than success.
    Refused(Reply),
}

fn bearer(token: &Secret) -> Result<HeaderValue, Unreachable> {
    let mut credential = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
        .map_err(|_| Unreachable::Token)?;
    credential.set_sensitive(true);
    Ok(credential)
}

/// A status and the whole body.
#[derive(Debug)]
pub(super) struct Reply {
    /// HTTP status.
    pub(super) status: u16,
    /// When to try again, in seconds, if the answer says so.
    pub(super) retry_after: Option<u64>,
    /// The body as it came.
    pub(super) body: Bytes,
}

/// A client for HTTP/1.1 over plain connections and TLS.
pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Whether TLS is needed, and with it the system's roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// The address begins with `https`.
    Tls,
    /// It does not.
    None,
}

/// Makes a client, reading the system's roots when they are needed.
pub(crate) fn http_client(encryption: Encryption) -> Result<HttpClient, Failure> {
    let unusable = |error: String| {
        Failure::new(
            Kind::General,
            format!("TLS is not possible on this machine: {error}"),
        )
        .fix("install the system's CA certificates, or name a bundle with SSL_CERT_FILE")
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?;
    let tls = match encryption {
        Encryption::Tls => tls
            .with_native_roots()
            .map_err(|error| unusable(error.to_string()))?,
        Encryption::None => tls.with_root_certificates(rustls::RootCertStore::empty()),
    };
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls.with_no_client_auth())
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

/// Sends requests.
#[derive(Debug)]
pub(super) struct Transport {
    client: HttpClient,
}

impl Transport {
    /// Reads the system's roots when `url` needs them.
    pub(super) fn new(url: &BaseUrl) -> Result<Self, Failure> {
        let encryption = if url.is_encrypted() {
            Encryption::Tls
        } else {
            Encryption::None
        };
        let client = http_client(encryption)?;
        Ok(Self { client })
    }

    /// Sends one request and reads the whole answer.
    pub(super) async fn send(
        &self,
        method: Method,
        uri: String,
        token: &Secret,
        key: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> Result<Reply, Unreachable> {
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(AUTHORIZATION, bearer(token)?)
            .header(ACCEPT, "application/json, application/problem+json")
            .header(USER_AGENT, concat!("portunus/", env!("CARGO_PKG_VERSION")));
        if let Some(key) = key {
            // A string of structured fields (RFC 9651 §3.3.3); a key has nothing to escape.
            request = request.header(IDEMPOTENCY_KEY, format!("\"{key}\""));
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request
            .body(Full::from(body.unwrap_or_default()))
            .map_err(|error| Unreachable::Request(error.to_string()))?;
        timeout(TIMEOUT, self.exchange(request))
            .await
            .map_err(|_| Unreachable::Timeout)?
    }

    /// Reads an answer of any length, piece by piece. Only silence has a limit.
    pub(super) async fn download(
        &self,
        uri: String,
        token: &Secret,
        mut take: impl FnMut(&[u8], Option<u64>) -> io::Result<()>,
    ) -> Result<Download, Unreachable> {
        let request = Request::get(uri)
            .header(AUTHORIZATION, bearer(token)?)
            .header(USER_AGENT, concat!("portunus/", env!("CARGO_PKG_VERSION")))
            .body(Full::default())
            .map_err(|error| Unreachable::Request(error.to_string()))?;
        let connection = |error| Unreachable::of(&error);
        // A large copy is made before its first byte comes.
        let answer = self.client.request(request).await.map_err(connection)?;
        if !answer.status().is_success() {
            return self.read(answer).await.map(Download::Refused);
        }
        let mut body = answer.into_body();
        let length = body.size_hint().exact();
        let mut bytes = 0;
        while let Some(frame) = timeout(TIMEOUT, body.frame())
            .await
            .map_err(|_| Unreachable::Timeout)?
        {
            let frame = frame.map_err(|error| Unreachable::Answer(innermost(&error)))?;
            let piece = frame.into_data().unwrap_or_default();
            bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            take(&piece, length).map_err(|error| Unreachable::Sink(error.to_string()))?;
        }
        Ok(Download::Whole { bytes })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Reply, Unreachable> {
        let answer = self
            .client
            .request(request)
            .await
            .map_err(|error| Unreachable::of(&error))?;
        self.read(answer).await
    }

    async fn read(&self, answer: Response<Incoming>) -> Result<Reply, Unreachable> {
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        let body = Limited::new(answer.into_body(), ANSWER_LIMIT)
            .collect()
            .await
            .map_err(|error| Unreachable::Answer(innermost(error.as_ref())))?;
        Ok(Reply {
            status,
            retry_after,
            body: body.to_bytes(),
        })
    }
}

/// The deepest cause says what a person can act on: "connection refused", not "client error".
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
