//! The fake provider, asked over a real socket: a tool that lies would prove anything.

#![expect(
    clippy::unwrap_used,
    reason = "tests may be blunt, and so may what they share"
)]

mod limits;
mod misbehaviour;
mod tls;
mod wire;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use portunus_testkit::FakeProvider;
use serde_json::Value;

pub(crate) type Error = hyper_util::client::legacy::Error;

/// Posts a document under a key and answers the response with its body unread.
pub(crate) async fn post(
    provider: &FakeProvider,
    path: &str,
    key: &str,
    body: &Value,
) -> Result<Response<Incoming>, Error> {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(format!("{}{path}", provider.base_url()))
        .header("x-api-key", key)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    client.request(request).await
}

/// The whole body as text, or none when the connection was lost on the way.
pub(crate) async fn text(response: Response<Incoming>) -> Option<String> {
    let bytes = response.into_body().collect().await.ok()?.to_bytes();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
