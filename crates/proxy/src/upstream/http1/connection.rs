//! The bytes of one HTTP/1.1 connection: what is still to be written, and what has come and was not taken.

use super::super::fault::BrokenAnswer;
use super::super::wire::Wire;
use super::head::{self, Head};
use bytes::{Buf, Bytes};
use http::Method;
use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What one read takes at most, in bytes.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    /// Where reads arrive before they are copied to their own size: an open connection holds no buffer of its own.
    static ARRIVALS: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// One connection and the request that is on it.
pub(in super::super) struct Connection {
    wire: Wire,
    /// Came, and was not taken yet.
    arrived: Bytes,
    unsent: Option<Unsent>,
}

/// What is still to be written of a request.
struct Unsent {
    head: io::Cursor<Vec<u8>>,
    body: Bytes,
    /// Why it will not be written any more.
    failed: Option<io::Error>,
}

impl Connection {
    pub(in super::super) const fn new(wire: Wire) -> Self {
        Self {
            wire,
            arrived: Bytes::new(),
            unsent: None,
        }
    }

    /// Whether an idle connection is still open and silent, as far as the runtime has heard. Bytes that nobody asked for
    /// are as bad as an end: they would be taken for the next answer.
    pub(in super::super) fn is_quiet(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.arrived.is_empty() && self.poll_arrivals(&mut cx).is_pending()
    }

    /// Whether the other side has closed it, also if the runtime has not heard of it yet.
    pub(in super::super) fn has_ended(&self) -> bool {
        self.wire.has_ended()
    }

    /// Puts the next request on the connection.
    pub(super) fn begin(&mut self, head: Vec<u8>, body: Bytes) {
        self.unsent = Some(Unsent {
            head: io::Cursor::new(head),
            body,
            failed: None,
        });
    }

    /// Whether the last byte of the request was never handed over, and nothing came back.
    pub(super) const fn is_unsent(&self) -> bool {
        self.unsent.is_some() && self.arrived.is_empty()
    }

    /// Whether it may carry another request: all is written, and nothing came that does not belong to the answer.
    pub(super) const fn is_clean(&self) -> bool {
        self.unsent.is_none() && self.arrived.is_empty()
    }

    /// What has come and was not taken.
    pub(super) const fn arrived(&mut self) -> &mut Bytes {
        &mut self.arrived
    }

    /// The head of the answer, interim ones (1xx) passed over.
    pub(super) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        method: &Method,
    ) -> Poll<Result<Head, BrokenAnswer>> {
        let mut seen = 0;
        loop {
            self.write_on(cx);
            if let Some(head) = head::of_answer(&mut self.arrived, &mut seen, method)? {
                return Poll::Ready(Ok(head));
            }
            match ready!(self.poll_arrivals(cx)) {
                Ok(0) => return Poll::Ready(Err(self.closed())),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(BrokenAnswer::Io(error))),
            }
        }
    }

    /// Reads some more; 0 at the end of the connection.
    pub(super) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // An answer may begin before its request has ended, and go on only when that does.
        self.write_on(cx);
        self.poll_arrivals(cx)
    }

    fn poll_arrivals(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ARRIVALS.with_borrow_mut(|room| {
            let mut buf = ReadBuf::new(room);
            ready!(Pin::new(&mut self.wire).poll_read(cx, &mut buf))?;
            let came = buf.filled();
            self.arrived = if self.arrived.is_empty() {
                Bytes::copy_from_slice(came)
            } else {
                [&self.arrived, came].concat().into()
            };
            Poll::Ready(Ok(came.len()))
        })
    }

    /// Writes what can be written now. A peer that takes no more may have answered all the same, so that its refusal to
    /// read is told only when no answer comes.
    fn write_on(&mut self, cx: &mut Context<'_>) {
        let Some(unsent) = self.unsent.as_mut().filter(|one| one.failed.is_none()) else {
            return;
        };
        match unsent.poll_write(&mut self.wire, cx) {
            Poll::Ready(Ok(())) => self.unsent = None,
            Poll::Ready(Err(error)) => unsent.failed = Some(error),
            Poll::Pending => {}
        }
    }

    fn closed(&mut self) -> BrokenAnswer {
        let failed = self.unsent.as_mut().and_then(|one| one.failed.take());
        failed.map_or(BrokenAnswer::ClosedEarly, BrokenAnswer::Io)
    }
}

impl Unsent {
    fn poll_write(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = Pin::new(wire);
        while self.head.has_remaining() || self.body.has_remaining() {
            let pieces = [
                IoSlice::new(self.head.chunk()),
                IoSlice::new(self.body.chunk()),
            ];
            let written = ready!(wire.as_mut().poll_write_vectored(cx, &pieces))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_head = written.min(self.head.remaining());
            self.head.advance(of_head);
            self.body.advance(written - of_head);
        }
        wire.poll_flush(cx)
    }
}
