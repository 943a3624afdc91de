//! The upstream's side of a stream: chunks in, events out, and how long it may be silent.

use crate::alarm::Alarm;
use crate::provider::endpoint::Endpoint;
use crate::provider::phase::is_last_without_its_end;
use crate::provider::sse::{Event, Splitter};
use crate::upstream::UpstreamBody;
use crate::upstream_answer::Silence;
use bytes::Bytes;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long the rest of a finished stream may take to end.
const AFTER_TERMINAL: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct Source {
    endpoint: Endpoint,
    body: Option<UpstreamBody>,
    splitter: Splitter,
    /// How long the upstream may be silent.
    idle: Duration,
    /// Whether the last event has been seen: the rest is worth waiting for, but brings nothing.
    is_winding_up: bool,
    /// When the upstream was last heard.
    heard: Instant,
    /// Since when the client has heard nothing.
    quiet: Instant,
    alarm: Alarm,
}

/// What the upstream's side gave.
pub(super) enum Piece {
    Event(Event),
    /// Nothing, for as long as was asked.
    Quiet,
    End,
}

impl Source {
    /// `begun` has been read of the body already.
    pub(super) fn new(
        endpoint: Endpoint,
        begun: Bytes,
        body: UpstreamBody,
        idle: Duration,
    ) -> Self {
        let now = Instant::now();
        let mut splitter = Splitter::new();
        splitter.push(begun);
        Self {
            endpoint,
            body: Some(body),
            splitter,
            idle,
            is_winding_up: false,
            heard: now,
            quiet: now,
            alarm: Alarm::new(now + idle),
        }
    }

    /// Nothing but the end is expected any more.
    pub(super) fn wind_up(&mut self) {
        self.is_winding_up = true;
        self.idle = AFTER_TERMINAL;
        self.heard = Instant::now();
    }

    /// The next event, however the chunks were cut, or [`Piece::Quiet`] after each `pause`. Cancel-safe.
    pub(super) async fn next(&mut self, pause: Duration) -> Result<Piece, Silence> {
        loop {
            if let Some(event) = self.splitter.take().map_err(|_| Silence::TooLarge)? {
                // Half an event is heard by us and not by the client.
                self.quiet = self.quiet.max(self.heard);
                return Ok(Piece::Event(event));
            }
            let Some(body) = self.body.as_mut() else {
                return Ok(Piece::End);
            };
            let patience = self.heard + self.idle;
            let due = patience.min(self.quiet + pause);
            match self.alarm.race(due, body.frame()).await {
                None if due == patience => return Err(Silence::TimedOut),
                None => {
                    self.quiet = due;
                    return Ok(Piece::Quiet);
                }
                Some(Some(Err(_))) => return Err(Silence::BrokeOff),
                Some(None) => {
                    self.body = None;
                    if let Some(event) = self.last_words() {
                        return Ok(Piece::Event(event));
                    }
                }
                Some(Some(Ok(frame))) => {
                    if !self.is_winding_up {
                        self.heard = Instant::now();
                    }
                    if let Ok(chunk) = frame.into_data() {
                        self.splitter.push(chunk);
                    }
                }
            }
        }
    }

    /// The last event of a stream that leaves out the empty line behind it.
    fn last_words(&mut self) -> Option<Event> {
        let rest = std::mem::take(&mut self.splitter).finish();
        rest.filter(|event| is_last_without_its_end(self.endpoint, event))
    }

    /// An event that is there already; `None` when the network has to be asked.
    pub(super) fn at_hand(&mut self) -> Result<Option<Event>, Silence> {
        self.splitter.take().map_err(|_| Silence::TooLarge)
    }
}

impl Drop for Source {
    /// A client may hang up after the last event; that is no reason to cancel the upstream's last bytes.
    fn drop(&mut self) {
        if !self.is_winding_up {
            return;
        }
        if let (Some(mut body), Ok(runtime)) =
            (self.body.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                let rest = async { while let Some(Ok(_)) = body.frame().await {} };
                let _ = timeout(AFTER_TERMINAL, rest).await;
            });
        }
    }
}
