//! A request body that gives up on a client which stops sending, and tells its connection how far it was read.

use super::Patience;
use super::patience::ConnectionPhase;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// The client sent no piece of the body for too long.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the request body stopped arriving")]
pub struct BodyTimedOut;

/// A body whose pieces must keep coming. One that is there already, as most are, costs no look at a clock.
#[derive(Debug)]
pub struct PatientBody<B> {
    inner: B,
    pause: Duration,
    whole: Duration,
    waits: Option<Box<Waits>>,
    /// Its connection, until nothing of it is left.
    unread: Option<Arc<ConnectionPhase>>,
}

/// A body that had to be waited for.
#[derive(Debug)]
struct Waits {
    /// When the whole of it must be there, counted from the first wait.
    end: Instant,
    /// When the next piece must be there.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<B: http_body::Body> PatientBody<B> {
    /// Waits for `inner`, which comes over the connection of `phase`, as long as `patience` says.
    pub(super) fn new(inner: B, patience: &Patience, phase: &Arc<ConnectionPhase>) -> Self {
        let unread = (!inner.is_end_stream()).then(|| {
            phase.begin_body();
            Arc::clone(phase)
        });
        Self {
            inner,
            pause: patience.body,
            whole: patience.whole_body,
            waits: None,
            unread,
        }
    }
}

impl<B> http_body::Body for PatientBody<B>
where
    B: http_body::Body + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<B::Data>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx)
            && this.waits.as_mut().is_none_or(|waits| waits.goes_on())
        {
            if (frame.is_none() || this.inner.is_end_stream())
                && let Some(phase) = this.unread.take()
            {
                phase.end_body();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let (pause, whole) = (this.pause, this.whole);
        let waits = this
            .waits
            .get_or_insert_with(|| Box::new(Waits::begin(whole)));
        ready!(waits.poll(pause, cx));
        Poll::Ready(Some(Err(Box::new(BodyTimedOut))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

impl Waits {
    fn begin(whole: Duration) -> Self {
        Self {
            end: Instant::now() + whole,
            deadline: None,
        }
    }

    /// A piece came: is there time for more?
    fn goes_on(&mut self) -> bool {
        self.deadline = None;
        Instant::now() < self.end
    }

    /// Resolves when the next piece, or the rest of them, has taken too long.
    fn poll(&mut self, pause: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let end = self.end;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep_until((Instant::now() + pause).min(end))));
        deadline.as_mut().poll(cx)
    }
}
