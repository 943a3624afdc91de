//! A request body that gives up on a client which stops sending.

use super::Patience;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// The client sent no piece of the body for too long.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the request body stopped arriving")]
pub struct BodyTimedOut;

/// A body whose pieces must keep coming.
#[derive(Debug)]
pub struct PatientBody<B> {
    inner: B,
    pause: Duration,
    end: Instant,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<B> PatientBody<B> {
    /// Waits for `inner` as long as `patience` says.
    pub fn new(inner: B, patience: &Patience) -> Self {
        Self {
            inner,
            pause: patience.body,
            end: Instant::now() + patience.whole_body,
            deadline: None,
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
            && Instant::now() < this.end
        {
            this.deadline = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let until = (Instant::now() + this.pause).min(this.end);
        let deadline = this
            .deadline
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Some(Err(Box::new(BodyTimedOut))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}
