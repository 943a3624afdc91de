//! An agent that calls a model through the plane with an HTTP client of its own: it asks for the access token before each
//! request, and once more when the plane refused it.
//!
//! ```text
//! PORTUNUS_URL=http://127.0.0.1:7070 PORTUNUS_TOKEN=ptna_... cargo run -p portunus-client --example call_a_model
//! ```

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;
use portunus_client::{Bearer, Client};
use std::io::Write;

const QUESTION: &str = r#"{"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Who keeps the keys?"}]}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plane = std::env::var("PORTUNUS_URL")?;
    let client = Client::builder()
        .planes([&plane])
        .token(std::env::var("PORTUNUS_TOKEN")?)
        .build()?;
    let http = Http::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    for _ in 0..2 {
        let bearer = client.bearer().await?;
        let request = Request::post(format!("{plane}/v1/messages"))
            .header("authorization", format!("Bearer {}", bearer.expose()))
            .header("anthropic-version", "2023-06-01")
            .header("content-type", "application/json")
            .body(Full::from(QUESTION))?;
        let answer = http.request(request).await?;
        if let (401, Bearer::Access(access)) = (answer.status().as_u16(), &bearer) {
            client.access_refused(access);
            continue;
        }
        let text = answer.into_body().collect().await?.to_bytes();
        std::io::stdout().write_all(&text)?;
        return Ok(());
    }
    Err("the plane refused two access tokens".into())
}
