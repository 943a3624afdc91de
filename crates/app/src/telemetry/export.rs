//! The task in the background: gathers what is over, and brings it to the collector as often as that takes it.

use super::measure::Measures;
use super::story::Story;
use super::{Counters, Message, span};
use portunus_core::time::Timestamp;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long traces are gathered before they are sent.
const GATHERED: Duration = Duration::from_secs(2);

/// How many requests one message holds at most.
const BATCH: usize = 512;

/// How often metrics are sent.
const MEASURED: Duration = Duration::from_secs(15);

/// The first pause after a failure; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Where traces and metrics go.
pub trait Collector: Send + Sync + 'static {
    /// Sends one message of OTLP in JSON to `path`, which is `/v1/traces` or `/v1/metrics`.
    fn post(
        &self,
        path: &'static str,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<(), Undelivered>> + Send;

    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Why a message did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The collector does not want it, and never will.
    #[error("the collector refused it: {0}")]
    Refused(String),
    /// It may want it later.
    #[error("the collector cannot be reached: {0}")]
    Later(String),
}

/// Exports until the queue's other end is gone.
pub(super) async fn run(
    collector: impl Collector,
    stories: mpsc::Receiver<Message>,
    counters: Arc<Counters>,
    since: Timestamp,
) {
    let exporter = Exporter {
        collector,
        counters,
        since,
        batch: Vec::new(),
        measures: Measures::default(),
        pause: None,
    };
    exporter.run(stories).await;
}

struct Exporter<C> {
    collector: C,
    counters: Arc<Counters>,
    since: Timestamp,
    batch: Vec<Story>,
    measures: Measures,
    /// How long to wait after the latest failure, while nothing has succeeded since.
    pause: Option<Duration>,
}

impl<C: Collector> Exporter<C> {
    async fn run(mut self, mut stories: mpsc::Receiver<Message>) {
        let mut due = Instant::now() + GATHERED;
        let mut measured = Instant::now() + MEASURED;
        loop {
            // A batch that could not be sent stays full; what comes meanwhile waits in the queue.
            let has_room = self.batch.len() < BATCH;
            tokio::select! {
                message = stories.recv(), if has_room => match message {
                    Some(Message::Over(story)) => self.take(*story),
                    Some(Message::Flush(done)) => {
                        self.send_traces().await;
                        self.send_metrics().await;
                        // Whoever asked may have stopped waiting.
                        let _ = done.send(());
                    }
                    None => break,
                },
                () = tokio::time::sleep_until(due) => {
                    self.send_traces().await;
                    due = Instant::now() + self.pause.unwrap_or(GATHERED);
                }
                () = tokio::time::sleep_until(measured) => {
                    self.send_metrics().await;
                    measured = Instant::now() + MEASURED;
                }
            }
            let is_full = self.batch.len() >= BATCH;
            if is_full && self.pause.is_none() {
                due = Instant::now();
            }
        }
        self.send_traces().await;
        self.send_metrics().await;
    }

    fn take(&mut self, story: Story) {
        self.measures.add(&story);
        self.batch.push(story);
    }

    async fn send_traces(&mut self) {
        let requests = u64::try_from(self.batch.len()).unwrap_or(u64::MAX);
        let Some(message) = span::request(&self.batch) else {
            self.batch.clear();
            return;
        };
        match self.post("/v1/traces", &message).await {
            Ok(()) => {
                self.counters.export(requests);
                self.batch.clear();
            }
            Err(Undelivered::Refused(cause)) => {
                tracing::warn!(
                    cause,
                    requests,
                    "the collector refused traces; they are lost"
                );
                self.counters.lose(requests);
                self.batch.clear();
            }
            Err(Undelivered::Later(cause)) => self.fail(&cause),
        }
    }

    async fn send_metrics(&mut self) {
        if self.measures.is_empty() {
            return;
        }
        let message = self.measures.request(self.since, self.collector.now());
        match self.post("/v1/metrics", &message).await {
            Ok(()) => {}
            // Sums are cumulative: the next message says all that this one would have said.
            Err(Undelivered::Refused(cause)) => {
                tracing::warn!(cause, "the collector refused metrics");
            }
            Err(Undelivered::Later(cause)) => tracing::debug!(cause, "metrics were not sent"),
        }
    }

    async fn post(
        &mut self,
        path: &'static str,
        message: &serde_json::Value,
    ) -> Result<(), Undelivered> {
        let outcome = self.collector.post(path, message.to_string().into()).await;
        if outcome.is_ok() && self.pause.take().is_some() {
            tracing::info!("the collector takes traces again");
        }
        outcome
    }

    fn fail(&mut self, cause: &str) {
        let pause = match self.pause {
            None => {
                tracing::warn!(cause, "traces wait for the collector");
                FIRST_PAUSE
            }
            Some(pause) => (pause * 2).min(LONGEST_PAUSE),
        };
        self.pause = Some(pause);
    }
}
