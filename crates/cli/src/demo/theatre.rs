//! The demonstration on a screen: the live view of `portunus top` over the demonstration's own plane, with the story.
//!
//! The view has a thread of its own, so that a slow terminal never slows the fleet.

use super::stage::Stage;
use crate::client::{BaseUrl, Client, Target};
use crate::failure::Failure;
use crate::top::story::{Line, Mood};
use crate::top::{Feed, Message, Model, show};
use anyhow::{Context, anyhow};
use portunus_core::secret::Secret;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

/// Pause between two looks at the plane; its keys rest for seconds only.
const INTERVAL: Duration = Duration::from_millis(500);

/// The screen while the demonstration runs.
pub(super) struct Theatre {
    view: JoinHandle<anyhow::Result<Model>>,
    messages: UnboundedSender<Message>,
    left: CancellationToken,
}

impl Theatre {
    /// Takes the terminal and shows the plane of `stage`.
    pub(super) fn open(stage: &Stage, length: Duration) -> Result<Self, Failure> {
        let url = BaseUrl::parse(&stage.base_url())?;
        let model = Model::new(url.to_string()).on_stage(length);
        let client = Client::new(Target {
            url,
            source: "this one is the demonstration's own",
            token: Secret::new(stage.operator_token().to_owned()),
            pins: Vec::new(),
        })?;
        let (messages, receiver) = mpsc::unbounded_channel();
        let left = CancellationToken::new();
        let gone = left.clone();
        let asking = messages.clone();
        let view = std::thread::Builder::new()
            .name("portunus-screen".to_owned())
            .spawn(move || {
                // Said when the view ends, and also when it panics.
                let _gone = gone.drop_guard();
                watch(model, Feed::new(client), asking, receiver)
            })
            .context("starting the view")?;
        Ok(Self {
            view,
            messages,
            left,
        })
    }

    /// Where the story is told to.
    pub(super) fn listener(&self) -> UnboundedSender<Message> {
        self.messages.clone()
    }

    /// Ends when the person has left.
    pub(super) async fn left(&self) {
        self.left.cancelled().await;
    }

    /// Gives the terminal back. Answers what went wrong for clients, which is worth more than the moment on a screen.
    pub(super) async fn close(self) -> anyhow::Result<Vec<Line>> {
        // The view may have ended by itself.
        let _ = self.messages.send(Message::End);
        let model = tokio::task::spawn_blocking(move || self.view.join())
            .await
            .context("ending the view")?
            .map_err(|_| anyhow!("the view ended in a panic"))??;
        let lines = model.stage.into_iter().flat_map(|stage| stage.lines);
        Ok(lines.filter(|line| line.mood == Mood::Bad).collect())
    }
}

fn watch(
    model: Model,
    feed: Feed,
    asking: UnboundedSender<Message>,
    messages: UnboundedReceiver<Message>,
) -> anyhow::Result<Model> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the view's runtime")?
        .block_on(async {
            tokio::spawn(feed.run(INTERVAL, asking));
            show(model, messages).await
        })
}
