//! A webhook: messages posted to one address, signed as Standard Webhooks say (<https://www.standardwebhooks.com>).
//!
//! Whoever sends waits for nothing. Messages are posted one after the other, each until it is taken or given up; what
//! does not fit meanwhile is counted as lost. How bytes reach the address is up to a [`Courier`].

mod deliver;
mod message;
mod secret;

pub use message::Message;
pub use secret::{WebhookSecret, WebhookSecretError};

use deliver::Delivery;
use portunus_core::time::Clock;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Messages that may wait.
const WAITING: usize = 256;

/// What a [`Courier`] gives.
pub type Posting<'a> = Pin<Box<dyn Future<Output = Result<u16, String>> + Send + 'a>>;

/// Brings a body to the address that it was made for. It follows no redirect and calls no forbidden address.
pub trait Courier: Send + Sync + 'static {
    /// Posts a JSON body with these headers, and gives the status of the answer; the error says why none came.
    fn post<'a>(&'a self, headers: &'a [(&'static str, String)], body: &'a [u8]) -> Posting<'a>;
}

/// What became of messages since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    delivered: AtomicU64,
    lost: AtomicU64,
}

/// What became of messages since the start, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookCounts {
    /// Taken by the receiver.
    pub delivered: u64,
    /// Given up, or without room.
    pub lost: u64,
}

/// The way to the receiver; cheap to clone.
#[derive(Clone)]
pub struct Webhook {
    sender: mpsc::Sender<Message>,
    counters: Arc<Counters>,
}

impl Webhook {
    /// Starts the task that delivers, on `background`. It ends when the last clone is dropped.
    #[must_use]
    pub fn start(
        courier: Arc<dyn Courier>,
        secret: WebhookSecret,
        clock: Arc<dyn Clock>,
        background: &Handle,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let counters = Arc::new(Counters::default());
        let delivery = Delivery {
            courier,
            secret,
            clock,
            counters: Arc::clone(&counters),
        };
        background.spawn(delivery.run(receiver));
        Self { sender, counters }
    }

    /// Sends a message soon.
    pub fn send(&self, message: Message) {
        if let Err(unsent) = self.sender.try_send(message) {
            let message = unsent.into_inner();
            tracing::error!(
                id = message.id(),
                "a message of the webhook is lost: too many wait"
            );
            self.counters.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What became of messages so far.
    #[must_use]
    pub fn counts(&self) -> WebhookCounts {
        WebhookCounts {
            delivered: self.counters.delivered.load(Ordering::Relaxed),
            lost: self.counters.lost.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(..)")
    }
}
