//! HTTP/1.1 for one request at a time, over the connections of the client library. Redirects are never followed.

use crate::failure::{Failure, Kind};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use portunus_client::{BuildError, Connector, Endpoint, Lost};
use portunus_core::secret::Secret;
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// Names a change, so that it happens once however often it is sent.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest that one request may take, from the first byte to the last.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Largest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

/// Why no answer came. Never holds what was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    /// There is no connection, or it broke, or nothing came in time.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// It broke, or sent more than [`ANSWER_LIMIT`], while answering.
    #[error("broke off its answer ({0})")]
    Answer(String),
    /// What came cannot be kept here.
    #[error("what the plane sent cannot be written here: {0}")]
    Sink(String),
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
            Self::Lost(lost) => !lost.is_stranger(),
            Self::Answer(_) => true,
            Self::Sink(_) | Self::Token | Self::Request(_) => false,
        }
    }

    const fn silent() -> Self {
        Self::Lost(Lost::Silent(TIMEOUT))
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

/// A client for HTTP/1.1 that speaks to one server.
pub(crate) type HttpClient = Client<Connector, Full<Bytes>>;

/// Makes a client, reading the system's roots when they are needed.
pub(crate) fn http_client(endpoint: Endpoint) -> Result<HttpClient, Failure> {
    let connector = Connector::new(endpoint).map_err(|error| match error {
        BuildError::NoRoots => {
            let detail = "TLS is not possible on this machine: it has no root certificates";
            Failure::new(Kind::General, detail)
                .fix("install the system's CA certificates, or name a bundle with SSL_CERT_FILE")
        }
        other => Failure::new(Kind::General, other.to_string()),
    })?;
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

/// Sends requests.
#[derive(Debug)]
pub(super) struct Transport {
    client: HttpClient,
}

impl Transport {
    /// Reads the system's roots when `plane` needs them.
    pub(super) fn new(plane: Endpoint) -> Result<Self, Failure> {
        let client = http_client(plane)?;
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
            .map_err(|_| Unreachable::silent())?
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
        // A large copy is made before its first byte comes.
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| Lost::of(&error))?;
        if !answer.status().is_success() {
            return self.read(answer).await.map(Download::Refused);
        }
        let mut body = answer.into_body();
        let length = body.size_hint().exact();
        let mut bytes = 0;
        while let Some(frame) = timeout(TIMEOUT, body.frame())
            .await
            .map_err(|_| Unreachable::silent())?
        {
            let frame = frame.map_err(|error| Unreachable::Answer(innermost(&error)))?;
            let piece = frame.into_data().unwrap_or_default();
            bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            take(&piece, length).map_err(|error| Unreachable::Sink(error.to_string()))?;
        }
        Ok(Download::Whole { bytes })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Reply, Unreachable> {
        let answer = self.client.request(request).await;
        self.read(answer.map_err(|error| Lost::of(&error))?).await
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
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
