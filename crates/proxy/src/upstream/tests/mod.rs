//! Connections under trouble: what is used again, what is sent again, and what is shared.

mod own_connections;
mod rebinding;
mod shared_connections;
mod unreachable;

use super::fault::SendError;
use super::{Answered, Outgoing, TlsRoots, Upstream};
use crate::provider::Fields;
use crate::provider::credential::Credential;
use bytes::Bytes;
use http::Method;
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use portunus_core::provider_key::Protocol;
use portunus_core::secret::Secret;
use std::time::Duration;

/// An upstream side that trusts `roots` and may call this machine.
fn upstream(roots: &TlsRoots) -> Upstream {
    let policy = UpstreamPolicy::new(PrivateUpstreams::Allowed);
    Upstream::new(roots, policy, Duration::from_secs(2))
}

/// Sends `body`; nothing here waits for anything.
async fn post(
    upstream: &Upstream,
    base_url: &str,
    path: &str,
    body: &Bytes,
) -> Result<Answered, SendError> {
    let secret = Secret::new("sk-test".to_owned());
    let headers = Fields::default();
    let outgoing = Outgoing {
        method: &Method::POST,
        base_url,
        target: &path.parse().unwrap(),
        headers: &headers,
        credential: &Credential::new(Protocol::OpenAi, &headers, &secret).unwrap(),
        body,
    };
    let answer = tokio::time::timeout(Duration::from_secs(60), upstream.send(outgoing));
    answer.await.expect("the request hangs behind others")
}

/// Sends a small request that must be answered.
async fn ask(upstream: &Upstream, base_url: &str, path: &str) -> Answered {
    post(upstream, base_url, path, &Bytes::new()).await.unwrap()
}

/// The whole body, or how it broke off.
async fn whole(answer: Answered) -> Result<Vec<u8>, String> {
    let mut body = answer.body;
    let mut whole = Vec::new();
    let read = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| error.to_string())?;
            whole.extend(frame.into_data().unwrap_or_default());
        }
        Ok(())
    };
    let read: Result<(), String> = tokio::time::timeout(Duration::from_secs(60), read)
        .await
        .expect("the body hangs");
    read.map(|()| whole)
}
