//! A whole agent: it lives, and answers every message that it gets.
//!
//! ```text
//! PORTUNUS_URL=http://127.0.0.1:7070 PORTUNUS_TOKEN=ptna_... cargo run -p portunus-client --example agent
//! ```

use portunus_client::push::{Event, News, Subscription};
use portunus_client::{Client, Error, InboxItem, WriteMessage};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plane = std::env::var("PORTUNUS_URL")?;
    let client = Client::builder()
        .planes(plane.split(','))
        .token(std::env::var("PORTUNUS_TOKEN")?)
        .build()?;
    let cadence = "1m".parse()?;
    // Both end only with an error that waiting does not mend.
    tokio::select! {
        error = client.keep_alive(cadence) => Err(error.into()),
        error = answer_everybody(&client) => Err(error.into()),
    }
}

async fn answer_everybody(client: &Client) -> Error {
    let mut push = client.push(Subscription::default().name("answering agent"));
    loop {
        let news = match push.next().await {
            Ok(news) => news,
            Err(error) => return error,
        };
        if let News::Told(told) = news
            && let Event::Message(item) = told.event
            && let Err(error) = answer(client, *item).await
        {
            // The message comes again, because it is not acknowledged.
            tracing::warn!(%error, "a message is not answered yet");
        }
    }
}

async fn answer(client: &Client, item: InboxItem) -> Result<(), Error> {
    if let Some(sender) = &item.message.sender.name {
        let reply = WriteMessage {
            text: format!("I got: {}", item.message.text),
            data: None,
            tags: None,
            expires_in_ms: None,
        };
        client.send(sender, &reply).await?;
    }
    client.acknowledge([item.message.id]).await?;
    Ok(())
}
