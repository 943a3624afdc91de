//! How patient the door is, and how much it takes.

use arc_swap::ArcSwap;
use std::sync::Arc;
use std::time::Duration;

/// The door's limits. The defaults suit every client that CI talks to.
#[derive(Clone, Copy, Debug)]
pub struct DoorSettings {
    /// Largest request body, in bytes. Anthropic documents 32 MB.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub upload: Duration,
    /// Largest answer that is not a stream, in bytes.
    pub answer_limit: usize,
    /// How long a stream that waits may still be answered with any status.
    pub open_after: Duration,
    /// Between two signs of life on an open stream; clients give up after 300 s.
    pub keepalive: Duration,
    /// For the headers of a streamed answer.
    pub first_byte_timeout: Duration,
    /// For the headers of a plain answer, which come when the model is done.
    pub answer_timeout: Duration,
    /// Between two pieces of an answer.
    pub idle_timeout: Duration,
    /// How long an answer under an idempotency key runs on while nobody reads it.
    pub unread: Duration,
    /// How long such an answer is kept once it is complete.
    pub kept: Duration,
}

impl Default for DoorSettings {
    fn default() -> Self {
        Self {
            body_limit: 32 * 1024 * 1024,
            upload: Duration::from_secs(300),
            answer_limit: 128 * 1024 * 1024,
            open_after: Duration::from_secs(10),
            keepalive: Duration::from_secs(12),
            first_byte_timeout: Duration::from_secs(120),
            answer_timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(300),
            unread: Duration::from_secs(60),
            kept: Duration::from_secs(600),
        }
    }
}

/// The settings in force. Clones share them, so that the doors of all workers change theirs together; a request
/// asks when it comes to the point, and one that runs meets a change there.
#[derive(Clone, Debug)]
pub struct LiveSettings(Arc<ArcSwap<DoorSettings>>);

impl From<DoorSettings> for LiveSettings {
    fn from(settings: DoorSettings) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(settings)))
    }
}

impl LiveSettings {
    /// Those in force.
    #[must_use]
    pub fn now(&self) -> DoorSettings {
        **self.0.load()
    }

    /// Puts others into force.
    pub fn change(&self, settings: DoorSettings) {
        self.0.store(Arc::new(settings));
    }
}
