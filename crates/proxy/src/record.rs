//! What happened to one request, told in one log line when it is over, however it ends.

use portunus_core::ids::RequestId;
use std::sync::Arc;
use std::time::Instant;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The client has its answer.
    Served,
    /// The request was at fault; the upstream said so.
    ClientFault,
    /// We refused it.
    Refused,
    /// The answer broke off.
    BrokenOff,
    /// The client left before the end.
    ClientLeft,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::ClientFault => "client_fault",
            Self::Refused => "refused",
            Self::BrokenOff => "broken_off",
            Self::ClientLeft => "client_left",
        }
    }
}

/// The running record of one request. Dropping it writes the line; without an outcome the client left.
#[derive(Debug)]
pub(crate) struct Record {
    /// As answered in `x-request-id`.
    pub(crate) id: RequestId,
    /// The agent's name, once proven.
    pub(crate) agent: Option<Arc<str>>,
    /// The pool whose key was used last.
    pub(crate) pool: Option<String>,
    /// The label of that key.
    pub(crate) key: Option<String>,
    /// The model as the client wrote it.
    pub(crate) model: Option<Arc<str>>,
    /// What was asked for.
    pub(crate) endpoint: &'static str,
    /// Requests made upstream.
    pub(crate) attempts: u32,
    /// Status that the client saw.
    pub(crate) status: u16,
    /// Milliseconds in the queue, as far as waits have ended.
    waited_ms: u64,
    /// Since when it stands in the queue.
    waiting_since: Option<Instant>,
    started: Instant,
    first_byte_ms: Option<u64>,
    outcome: Option<Outcome>,
}

impl Record {
    /// Begins the record of request `id`.
    #[must_use]
    pub(crate) fn begin(id: RequestId) -> Self {
        Self {
            id,
            agent: None,
            pool: None,
            key: None,
            model: None,
            endpoint: "-",
            attempts: 0,
            status: 0,
            waited_ms: 0,
            waiting_since: None,
            started: Instant::now(),
            first_byte_ms: None,
            outcome: None,
        }
    }

    /// The upstream's first byte for the client is here.
    pub(crate) fn first_byte(&mut self) {
        let elapsed = millis(self.started.elapsed());
        self.first_byte_ms.get_or_insert(elapsed);
    }

    /// It stands in the queue from now on.
    pub(crate) fn begin_wait(&mut self) {
        self.waiting_since = Some(Instant::now());
    }

    /// It has left the queue.
    pub(crate) fn end_wait(&mut self) {
        let waited = self
            .waiting_since
            .take()
            .map_or(0, |since| millis(since.elapsed()));
        self.waited_ms = self.waited_ms.saturating_add(waited);
    }

    /// The first word on how it ended counts.
    pub(crate) fn end(&mut self, outcome: Outcome) {
        self.outcome.get_or_insert(outcome);
    }
}

/// Milliseconds, saturating.
pub(crate) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Record {
    fn drop(&mut self) {
        // Whoever leaves in the queue has waited too.
        self.end_wait();
        let outcome = self.outcome.unwrap_or(Outcome::ClientLeft);
        tracing::info!(
            target: "portunus::request",
            request_id = %self.id,
            agent = self.agent.as_deref().unwrap_or("-"),
            pool = self.pool.as_deref().unwrap_or("-"),
            key = self.key.as_deref().unwrap_or("-"),
            model = self.model.as_deref().unwrap_or("-"),
            endpoint = self.endpoint,
            status = self.status,
            attempts = self.attempts,
            waited_ms = self.waited_ms,
            first_byte_ms = self.first_byte_ms,
            total_ms = millis(self.started.elapsed()),
            outcome = outcome.as_str(),
            "request"
        );
    }
}
