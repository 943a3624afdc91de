//! Brings messages to a webhook over the same guarded connections as requests to providers: the address that a name
//! resolves to is judged at every connect, and no redirect is followed.

use crate::provider::Fields;
use crate::provider::credential::Credential;
use crate::upstream::{Outgoing, Upstream};
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Method, Uri};
use portunus_app::upstream_policy::{UpstreamError, UpstreamPolicy};
use portunus_app::webhook::{Courier, Posting};

/// Most frames of an answer that are read, so that its connection can be used again.
const FRAMES: usize = 16;

/// A courier to one address.
#[derive(Debug)]
pub struct WebhookCourier {
    upstream: Upstream,
    base_url: String,
    target: PathAndQuery,
}

impl WebhookCourier {
    /// To `url`, which is judged as upstreams are.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub fn new(
        upstream: Upstream,
        policy: &UpstreamPolicy,
        url: &str,
    ) -> Result<Self, UpstreamError> {
        let form = || UpstreamError::Form("scheme, host and path");
        let uri: Uri = url.parse().map_err(|_| form())?;
        let mut parts = uri.into_parts();
        let target = parts.path_and_query.take();
        let (scheme, host) = (parts.scheme.ok_or_else(form)?, parts.authority);
        let base_url = format!("{scheme}://{}", host.ok_or_else(form)?);
        policy.check_url(&base_url)?;
        Ok(Self {
            upstream,
            base_url,
            target: target.unwrap_or_else(|| PathAndQuery::from_static("/")),
        })
    }

    async fn send(&self, headers: &[(&'static str, String)], body: &[u8]) -> Result<u16, String> {
        let mut fields = Fields::default();
        fields.push("content-type", b"application/json");
        let mut signature = None;
        for (name, value) in headers {
            if *name == "webhook-signature" {
                signature = Some(value);
            } else {
                fields.push(name, value.as_bytes());
            }
        }
        let credential = Credential::signature(signature.map_or("", String::as_str));
        let credential = credential.map_err(|error| error.to_string())?;
        let body = Bytes::copy_from_slice(body);
        let answered = self.upstream.send(Outgoing {
            method: &Method::POST,
            base_url: &self.base_url,
            target: &self.target,
            headers: &fields,
            credential: &credential,
            body: &body,
        });
        let mut answered = answered.await.map_err(|error| error.to_string())?;
        for _ in 0..FRAMES {
            if !matches!(answered.body.frame().await, Some(Ok(_))) {
                break;
            }
        }
        Ok(answered.status.as_u16())
    }
}

impl Courier for WebhookCourier {
    fn post<'a>(&'a self, headers: &'a [(&'static str, String)], body: &'a [u8]) -> Posting<'a> {
        Box::pin(self.send(headers, body))
    }
}
