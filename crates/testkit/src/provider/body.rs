//! A response body that follows a plan: chunks, pauses, gates, and the ways in which a body goes wrong.

use super::book::Entry;
use super::gate::Gate;
use super::seen::Ending;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// One step of a body.
#[derive(Debug)]
pub(crate) enum Step {
    Chunk(Bytes),
    Pause(Duration),
    Held(Gate),
    /// Silence until the client leaves.
    Silence,
    /// The connection is lost.
    Lost,
}

/// The provider breaks the connection off.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken off by script")
    }
}

impl std::error::Error for Broken {}

/// The plan, being carried out.
pub(crate) struct PlannedBody {
    steps: VecDeque<Step>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    entry: Entry,
}

impl PlannedBody {
    pub(crate) fn new(steps: VecDeque<Step>, entry: Entry) -> Self {
        if steps.is_empty() {
            entry.close(Ending::Complete);
        }
        Self {
            steps,
            waiting: None,
            entry,
        }
    }
}

impl Body for PlannedBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        loop {
            if let Some(waiting) = self.waiting.as_mut() {
                ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Chunk(bytes)) => {
                    if self.steps.is_empty() {
                        self.entry.close(Ending::Complete);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Pause(time)) => self.waiting = Some(Box::pin(tokio::time::sleep(time))),
                Some(Step::Held(gate)) => self.waiting = Some(Box::pin(gate.passed())),
                Some(Step::Silence) => self.waiting = Some(Box::pin(std::future::pending())),
                Some(Step::Lost) => {
                    self.entry.close(Ending::BrokenOff);
                    return Poll::Ready(Some(Err(Broken)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.waiting.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
