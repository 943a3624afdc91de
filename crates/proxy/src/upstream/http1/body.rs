//! The body of an HTTP/1.1 answer. It has the connection, and gives it back at the end, if another request may follow.

use super::super::fault::BrokenAnswer;
use super::super::origin::Origin;
use super::chunks::Read;
use super::connection::Connection;
use super::head::{Head, Length};
use bytes::Bytes;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// What is still to come of an answer. Dropping it before the end closes the connection.
pub(in super::super) struct Http1Body {
    /// `None` after the end, and after a failure.
    connection: Option<Connection>,
    length: Length,
    /// Where the connection goes afterwards; `None` when it must be closed.
    home: Option<Arc<Origin>>,
}

impl Http1Body {
    pub(super) fn new(connection: Connection, origin: &Arc<Origin>, head: &Head) -> Self {
        let mut body = Self {
            connection: Some(connection),
            length: head.length.clone(),
            home: head.stays_open.then(|| Arc::clone(origin)),
        };
        if body.length == Length::Known(0) {
            body.end();
        }
        body
    }

    /// The next piece, never empty; `None` at the end. Cancel-safe.
    pub(in super::super) async fn piece(&mut self) -> Option<Result<Bytes, BrokenAnswer>> {
        poll_fn(|cx| self.poll_piece(cx)).await
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenAnswer>>> {
        let piece = ready!(self.poll_next(cx));
        if !matches!(piece, Some(Ok(_))) {
            self.connection = None;
        }
        Poll::Ready(piece)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenAnswer>>> {
        loop {
            let Some(connection) = self.connection.as_mut() else {
                return Poll::Ready(None);
            };
            match self.length.read(connection.arrived()) {
                Ok(Read::Piece(piece)) => {
                    if self.length.is_over(connection.arrived()) {
                        self.end();
                    }
                    return Poll::Ready(Some(Ok(piece)));
                }
                Ok(Read::End) => {
                    self.end();
                    return Poll::Ready(None);
                }
                Ok(Read::Short) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            match ready!(connection.poll_more(cx)) {
                Ok(0) if self.length == Length::UntilClosed => return Poll::Ready(None),
                Ok(0) => return Poll::Ready(Some(Err(BrokenAnswer::ClosedEarly))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(BrokenAnswer::Io(error)))),
            }
        }
    }

    /// The answer is over: the connection is the next request's, if nothing is wrong with it.
    fn end(&mut self) {
        if let (Some(connection), Some(home)) = (self.connection.take(), self.home.take())
            && connection.is_clean()
        {
            home.connections.lock().put_back(connection);
        }
    }
}

impl Length {
    /// Takes the next piece of a body out of `arrived`.
    fn read(&mut self, arrived: &mut Bytes) -> Result<Read, BrokenAnswer> {
        match self {
            Self::Chunked(chunks) => chunks.read(arrived),
            Self::Known(0) => Ok(Read::End),
            _ if arrived.is_empty() => Ok(Read::Short),
            Self::UntilClosed => Ok(Read::Piece(std::mem::take(arrived))),
            Self::Known(left) => {
                let taken = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(arrived.len());
                *left -= u64::try_from(taken).unwrap_or(*left);
                Ok(Read::Piece(arrived.split_to(taken)))
            }
        }
    }

    /// Whether the body is over with the piece that was just taken; if so its end is taken out of `arrived`.
    fn is_over(&self, arrived: &mut Bytes) -> bool {
        match self {
            Self::Known(left) => *left == 0,
            Self::UntilClosed => false,
            Self::Chunked(chunks) => {
                let is_over = chunks.is_at_end(arrived);
                if is_over {
                    arrived.clear();
                }
                is_over
            }
        }
    }
}
