//! An agent that calls a model through the plane: with a credential that is good now, and once more when the plane refused
//! it. The answer is written as it comes.
//!
//! ```text
//! PORTUNUS_URL=http://127.0.0.1:7070 PORTUNUS_TOKEN=ptna_... cargo run -p portunus-client --example call_a_model
//! ```

use http::Request;
use http_body_util::BodyExt;
use portunus_client::{Bearer, Client};
use std::io::Write;

const QUESTION: &str = r#"{"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Who keeps the keys?"}]}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder()
        .planes([std::env::var("PORTUNUS_URL")?])
        .token(std::env::var("PORTUNUS_TOKEN")?)
        .build()?;
    for _ in 0..2 {
        let bearer = client.bearer().await?;
        let request = Request::post("/v1/messages")
            .header("anthropic-version", "2023-06-01")
            .header("content-type", "application/json")
            .body(QUESTION.into())?;
        let answer = client.passage().send(request, &bearer).await?;
        if let (401, Bearer::Access(access)) = (answer.status().as_u16(), &bearer) {
            client.access_refused(access);
            continue;
        }
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            let frame = frame?;
            let data = frame.data_ref().map_or(&[][..], |data| data);
            std::io::stdout().write_all(data)?;
        }
        return Ok(());
    }
    Err("the plane refused two access tokens".into())
}
