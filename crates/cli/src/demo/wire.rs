//! A minimal HTTP client, as an agent without any SDK would write it: what is posted, and what comes back when.

use anyhow::Context;
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a plane says that is about to stop, on the model door and elsewhere.
const RESTARTING: [&str; 2] = ["is restarting", "shutting down"];

/// Speaks to one plane under one token. Clones share their connections.
#[derive(Clone)]
pub(super) struct Wire {
    client: Client<HttpConnector, Full<Bytes>>,
    base_url: String,
    /// Clones of one agent's wire share it, so that all of them speak under a new one.
    token: Arc<Mutex<String>>,
}

/// A whole answer.
pub(super) struct Heard {
    /// The status.
    pub(super) status: u16,
    /// The body, or as much of it as came.
    pub(super) text: String,
    /// From the request to the first byte of the body.
    pub(super) first_byte: Duration,
    /// Whether the connection was lost before the body's end.
    pub(super) broken: Option<String>,
}

/// Nothing of an answer came: the plane is not there, or is about to leave.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the plane is away")]
pub(super) struct Away;

/// Whether a request met no plane, so that it is to be sent again.
pub(super) fn is_away(error: &anyhow::Error) -> bool {
    error.is::<Away>()
}

impl Heard {
    /// Whether a plane that is about to stop turned the request away.
    pub(super) fn is_of_a_restart(&self) -> bool {
        self.status == 503 && RESTARTING.iter().any(|said| self.text.contains(said))
    }
}

impl Wire {
    /// To `base_url` with `token` as the bearer.
    pub(super) fn new(base_url: &str, token: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            base_url: base_url.to_owned(),
            token: Arc::new(Mutex::new(token.to_owned())),
        }
    }

    /// The same plane under another token.
    pub(super) fn with_token(&self, token: &str) -> Self {
        Self {
            token: Arc::new(Mutex::new(token.to_owned())),
            ..self.clone()
        }
    }

    /// Speaks under another token from the next request on.
    pub(super) fn change_token(&self, token: &str) {
        token.clone_into(&mut self.token.lock());
    }

    /// Sends one request and reads the answer to its end.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Heard> {
        let began = Instant::now();
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token.lock()),
            )
            .header(header::CONTENT_TYPE, "application/json")
            .header("anthropic-version", "2023-06-01")
            .body(Full::new(Bytes::from(bytes)))?;
        let response = self.client.request(request).await.map_err(|_| Away)?;
        let status = response.status().as_u16();
        let mut body = response.into_body();
        let mut heard = Vec::new();
        let mut first_byte = None;
        let mut broken = None;
        while let Some(frame) = body.frame().await {
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => {
                    first_byte.get_or_insert_with(|| began.elapsed());
                    heard.extend_from_slice(&data);
                }
                Ok(Err(_)) => {}
                Err(error) => {
                    broken = Some(error.to_string());
                    break;
                }
            }
        }
        Ok(Heard {
            status,
            text: String::from_utf8_lossy(&heard).into_owned(),
            first_byte: first_byte.unwrap_or_else(|| began.elapsed()),
            broken,
        })
    }

    /// Sends one request of the control API; everything but a 2xx with JSON is an error.
    pub(super) async fn control(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let heard = self
            .send(method, path, body)
            .await
            .with_context(|| format!("asking {path}"))?;
        if heard.is_of_a_restart() {
            return Err(anyhow::Error::new(Away)).with_context(|| format!("asking {path}"));
        }
        anyhow::ensure!(
            (200..300).contains(&heard.status),
            "{path} answered {}: {}",
            heard.status,
            heard.text
        );
        serde_json::from_str(&heard.text).with_context(|| format!("reading {path}"))
    }
}
