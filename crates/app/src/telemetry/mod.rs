//! Export of traces and metrics to an OpenTelemetry collector, after the GenAI semantic conventions.
//!
//! Off unless the configuration names a collector, and then one look at a cell is all that it costs a request. While
//! it is on, a request that is over leaves its [`story::Story`] in a bounded queue; a task in the background turns
//! stories into spans (`span`) and sums (`measure`), and `export` brings them away. Nobody waits for it: what does not
//! fit is counted and lost.

mod export;
mod measure;
mod otlp;
mod span;
mod story;

pub use export::{Collector, Undelivered};

use portunus_core::decision::Decision;
use portunus_core::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use story::Story;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// How many requests may wait to be exported.
const QUEUE: usize = 4_096;

/// The plane's end of the export.
#[derive(Debug, Default)]
pub struct Telemetry {
    queue: OnceLock<mpsc::Sender<Message>>,
    counters: Arc<Counters>,
}

/// What the task in the background is told.
#[derive(Debug)]
enum Message {
    /// A request is over.
    Over(Box<Story>),
    /// Everything so far should be brought away now.
    Flush(oneshot::Sender<()>),
}

/// What became of the requests that should have been exported.
#[derive(Debug, Default)]
struct Counters {
    exported: AtomicU64,
    lost: AtomicU64,
}

/// The same at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelemetryCounts {
    /// Requests whose trace the collector took.
    pub exported: u64,
    /// Requests whose trace was lost.
    pub lost: u64,
}

impl Telemetry {
    /// Begins to export to `collector`. Only the first call counts.
    pub fn start(&self, collector: impl Collector, since: Timestamp, background: &Handle) {
        let (queue, stories) = mpsc::channel(QUEUE);
        if self.queue.set(queue).is_ok() {
            let counters = Arc::clone(&self.counters);
            background.spawn(export::run(collector, stories, counters, since));
        }
    }

    /// Whether requests are exported.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.queue.get().is_some()
    }

    /// Takes in a request that is over.
    pub fn observe(&self, decision: &Decision) {
        let Some(queue) = self.queue.get() else {
            return;
        };
        let story = Story::of(decision);
        if queue.try_send(Message::Over(Box::new(story))).is_err() {
            self.counters.lose(1);
        }
    }

    /// Brings away what waits, once.
    pub async fn flush(&self) {
        if let Some(queue) = self.queue.get() {
            let (done, flushed) = oneshot::channel();
            if queue.send(Message::Flush(done)).await.is_ok() {
                // The task only goes away with the runtime, and then there is nothing to wait for.
                let _ = flushed.await;
            }
        }
    }

    /// What became of the requests so far.
    #[must_use]
    pub fn counts(&self) -> TelemetryCounts {
        TelemetryCounts {
            exported: self.counters.exported.load(Ordering::Relaxed),
            lost: self.counters.lost.load(Ordering::Relaxed),
        }
    }
}

impl Counters {
    fn lose(&self, requests: u64) {
        self.lost.fetch_add(requests, Ordering::Relaxed);
    }

    fn export(&self, requests: u64) {
        self.exported.fetch_add(requests, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
