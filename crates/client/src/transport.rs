//! One request to one endpoint and its whole answer, within a time. Redirects are never followed: a token goes to the plane
//! that it was given for and nowhere else.

use crate::connector::Connector;
use crate::dial::Line;
use crate::endpoint::Endpoint;
use crate::error::{Error, Lost};
use crate::trouble::in_words;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use portunus_core::secret::Secret;
use std::time::Duration;
use tokio::time::timeout;

/// Names a change, so that it happens once however often it is sent.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Largest answer that is read, in bytes: an inbox of a hundred of the largest messages.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;
/// How long a connection is kept that nobody uses: shorter than the plane keeps a quiet one.
const IDLE: Duration = Duration::from_secs(60);

/// What is asked of the plane.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) body: Option<Bytes>,
    /// For a change.
    pub(crate) key: Option<String>,
    /// How long one try may take.
    pub(crate) timeout: Duration,
    /// How long all of them may.
    pub(crate) patience: Duration,
}

/// A status and the whole body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Bytes,
}

/// One endpoint and the connections to it.
#[derive(Debug)]
pub(crate) struct Node {
    line: Line,
    http: Client<Connector, Full<Bytes>>,
}

impl Node {
    pub(crate) fn new(line: Line) -> Self {
        let mut http = Client::builder(TokioExecutor::new());
        let http = http.pool_idle_timeout(IDLE).build(Connector(line.clone()));
        Self { line, http }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        self.line.endpoint()
    }

    pub(crate) const fn line(&self) -> &Line {
        &self.line
    }

    /// Sends the request once.
    pub(crate) async fn send(
        &self,
        ask: &Ask,
        bearer: Option<&Secret>,
    ) -> Result<Result<Reply, Lost>, Error> {
        let request = self.express(ask, bearer)?;
        let reply = timeout(ask.timeout, self.exchange(request)).await;
        let reply = reply.unwrap_or(Err(Lost::Silent(ask.timeout)));
        if let Err(lost) = &reply {
            self.line.troubles().note(self.endpoint(), lost);
        }
        Ok(reply)
    }

    fn express(&self, ask: &Ask, bearer: Option<&Secret>) -> Result<Request<Full<Bytes>>, Error> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(self.endpoint().join(&ask.path))
            .header(ACCEPT, "application/json, application/problem+json")
            .header(
                USER_AGENT,
                concat!("portunus-client/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(bearer) = bearer {
            request = request.header(AUTHORIZATION, authorization(bearer)?);
        }
        if let Some(key) = &ask.key {
            // A string of structured fields (RFC 9651 §3.3.3); keys have nothing to escape.
            request = request.header(IDEMPOTENCY_KEY, format!("\"{key}\""));
        }
        if ask.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request
            .body(Full::from(ask.body.clone().unwrap_or_default()))
            .map_err(|error| Error::Unsendable(error.to_string()))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Reply, Lost> {
        read(self.begin(request).await?).await
    }

    /// Sends the request once, until its answer begins.
    pub(crate) async fn begin(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Lost> {
        let answer = self.http.request(request).await;
        let answer = answer.map_err(|error| Lost::of(&error));
        match &answer {
            Ok(_) => self.line.troubles().clear(self.endpoint()),
            Err(lost) => self.line.troubles().note(self.endpoint(), lost),
        }
        answer
    }
}

/// The header that brings a credential, marked so that nothing shows it.
pub(crate) fn authorization(bearer: &Secret) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", bearer.expose()))
        .map_err(|_| Error::Unsendable("the token has characters that no token has".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read(answer: Response<Incoming>) -> Result<Reply, Lost> {
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.trim().parse().ok());
    let body = Limited::new(answer.into_body(), ANSWER_LIMIT)
        .collect()
        .await
        .map_err(|error| Lost::Broken(in_words(error.as_ref())))?;
    Ok(Reply {
        status,
        retry_after: retry_after.map(Duration::from_secs),
        body: body.to_bytes(),
    })
}
