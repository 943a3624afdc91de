//! A connection that loses patience: with headers that never end, with silence between requests, with a
//! reader that stopped reading. After the last answer it lingers a moment, so that a client which is still
//! sending reads the answer instead of a reset.

use super::Patience;
use super::strict_head::StrictHead;
use super::unreadable::{Beginning, Instead};
use http::StatusCode;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How long and how much a closing connection goes on reading what the client still sends: a client that writes its
/// whole body before it reads would get a reset instead of its answer. What it reads is forgotten; it has an end
/// because nobody owes a client more than a body's worth of patience.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 48 * 1024 * 1024;
/// How long it waits for more while nothing comes.
const LINGER_QUIET: Duration = Duration::from_secs(1);

/// What the connection is at, shared between its bytes and its service.
#[derive(Debug, Default)]
pub(super) struct ConnectionPhase {
    requests_begun: AtomicUsize,
    requests_in_flight: AtomicUsize,
    is_handed_over: AtomicBool,
    has_unread_body: AtomicBool,
}

impl ConnectionPhase {
    /// Marks the beginning of a request; the guard marks its end.
    pub(super) fn begin_request(phase: &Arc<Self>) -> Busy {
        phase.requests_begun.fetch_add(1, Ordering::Relaxed);
        phase.requests_in_flight.fetch_add(1, Ordering::Relaxed);
        phase.end_body();
        Busy(phase.clone())
    }

    /// Resolves when the first request has begun, looking now and then: it is asked once in a connection's life.
    pub(super) async fn has_begun(&self) {
        while self.requests_begun.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What comes from now on is another protocol's, which has a patience of its own.
    pub(super) fn hand_over(phase: &Self) {
        phase.is_handed_over.store(true, Ordering::Relaxed);
    }

    /// The request has a body, and none of it was read.
    pub(super) fn begin_body(&self) {
        self.has_unread_body.store(true, Ordering::Relaxed);
    }

    /// Nothing of the body is left.
    pub(super) fn end_body(&self) {
        self.has_unread_body.store(false, Ordering::Relaxed);
    }

    /// Lets hyper find out, with its next read, what becomes of a body that was not read to its end: it takes the rest if
    /// that is there, else it closes the connection, and says so in a head that is written afterwards.
    pub(super) async fn settle_body(&self) {
        if self.has_unread_body.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
    }

    fn is_busy(&self) -> bool {
        self.requests_in_flight.load(Ordering::Relaxed) > 0
            || self.is_handed_over.load(Ordering::Relaxed)
    }
}

/// Keeps a connection busy until a request's answer has been sent or given up.
#[derive(Debug)]
pub(super) struct Busy(Arc<ConnectionPhase>);

impl Busy {
    /// Ties the guard to the body of the answer.
    pub(super) fn until_end_of<B>(self, body: B) -> BusyBody<B> {
        BusyBody { body, _busy: self }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests_in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that keeps its connection busy while it lasts.
#[derive(Debug)]
pub(super) struct BusyBody<B> {
    body: B,
    _busy: Busy,
}

impl<B: http_body::Body + Unpin> http_body::Body for BusyBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// What the next pending read is waiting for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// A new request on a quiet connection.
    Idle,
    /// The rest of headers that have begun.
    Headers,
}

/// Rings at a deadline that moves. It stays armed for an earlier one and looks again when that has passed, because
/// a deadline moves with every request, and arming a timer for each costs more than one that rings for nothing.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self
            .0
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

/// The connection's bytes, with deadlines.
pub(super) struct PatientIo<T> {
    inner: T,
    phase: Arc<ConnectionPhase>,
    patience: Patience,
    waiting: Waiting,
    requests_seen: usize,
    read_deadline: Option<Instant>,
    read_alarm: Alarm,
    write_deadline: Option<Pin<Box<Sleep>>>,
    linger: Option<Linger>,
    instead: Instead,
    head: StrictHead,
    beginning: Beginning,
    /// Whether the client was told that its head came too late.
    is_told: bool,
    /// Where it is counted among all.
    counted: Option<TaskTrackerToken>,
}

impl<T> PatientIo<T> {
    /// A fresh connection has begun to send headers, as far as patience goes.
    pub(super) fn new(
        inner: T,
        phase: Arc<ConnectionPhase>,
        patience: Patience,
        instead: Instead,
    ) -> Self {
        Self {
            inner,
            phase,
            patience,
            waiting: Waiting::Headers,
            requests_seen: 0,
            read_deadline: Some(Instant::now() + patience.headers),
            read_alarm: Alarm::default(),
            write_deadline: None,
            linger: None,
            instead,
            head: StrictHead::begin(),
            beginning: Beginning::nothing(),
            is_told: false,
            counted: None,
        }
    }

    /// Counts the connection until it is dropped.
    pub(super) fn counted(mut self, token: TaskTrackerToken) -> Self {
        self.counted = Some(token);
        self
    }

    /// Headers that were complete have become a request: what comes next is quiet again.
    fn catch_up(&mut self) {
        let begun = self.phase.requests_begun.load(Ordering::Relaxed);
        if begun != self.requests_seen || self.phase.is_busy() {
            self.requests_seen = begun;
            self.waiting = Waiting::Idle;
            self.read_deadline = None;
        }
    }

    /// Bytes came: on a quiet connection they begin the next request's headers.
    fn noticed(&mut self, bytes: &mut [u8]) {
        self.catch_up();
        if self.phase.is_busy() {
            return;
        }
        if self.waiting == Waiting::Idle {
            self.waiting = Waiting::Headers;
            self.read_deadline = None;
            self.head = StrictHead::begin();
            self.beginning = Beginning::nothing();
        }
        self.beginning.take(bytes);
        self.head.look_at(bytes);
    }

    /// Nothing came: has patience run out?
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.catch_up();
        if self.phase.is_busy() {
            return Poll::Pending;
        }
        let limit = match self.waiting {
            Waiting::Idle => self.patience.idle,
            Waiting::Headers => self.patience.headers,
        };
        let deadline = *self
            .read_deadline
            .get_or_insert_with(|| Instant::now() + limit);
        ready!(self.read_alarm.poll(deadline, cx));
        Poll::Ready(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client sent nothing for too long",
        ))
    }

    /// Whether something else is written in the place of `written`.
    fn is_taken(&mut self, written: &[u8]) -> bool {
        self.instead.takes(written, &self.beginning)
    }

    fn poll_write_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let limit = self.patience.write;
        let deadline = self
            .write_deadline
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client read nothing for too long",
        ))
    }
}

impl<T: AsyncWrite + Unpin> PatientIo<T> {
    /// Nothing came: once patience has run out the connection ends. Whoever sent a part of a head is told why before that;
    /// who sent nothing waits for nothing.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if !self.is_told {
            let error = ready!(self.poll_patience(cx));
            let is_quiet = self.waiting == Waiting::Idle || self.beginning.as_slice().is_empty();
            let late = StatusCode::REQUEST_TIMEOUT;
            if is_quiet || !self.instead.says(late, &self.beginning) {
                return Poll::Ready(error);
            }
            self.is_told = true;
        }
        match self.instead.poll_rest(&mut self.inner, cx) {
            Poll::Pending => return self.poll_write_patience(cx),
            Poll::Ready(Err(error)) => return Poll::Ready(error),
            Poll::Ready(Ok(())) => {}
        }
        // How that goes changes nothing: the connection is over.
        let _ = ready!(Pin::new(&mut self.inner).poll_shutdown(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for PatientIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        match Pin::new(&mut this.inner).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                let bytes = buf.filled_mut().get_mut(before..);
                this.noticed(bytes.unwrap_or_default());
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => this.poll_end(cx).map(Err),
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for PatientIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_taken(buf) {
            return Poll::Ready(Ok(buf.len()));
        }
        match Pin::new(&mut self.inner).poll_write(cx, buf) {
            Poll::Pending => self.poll_write_patience(cx).map(Err),
            done => {
                self.write_deadline = None;
                done
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [head] = bufs
            && self.is_taken(head)
        {
            return Poll::Ready(Ok(head.len()));
        }
        match Pin::new(&mut self.inner).poll_write_vectored(cx, bufs) {
            Poll::Pending => self.poll_write_patience(cx).map(Err),
            done => {
                self.write_deadline = None;
                done
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.instead.poll_rest(&mut this.inner, cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(this.instead.poll_rest(&mut this.inner, cx))?;
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
            this.linger = Some(Linger::begin());
        }
        match this.linger.as_mut() {
            Some(linger) => linger.poll(&mut this.inner, cx).map(Ok),
            None => Poll::Ready(Ok(())),
        }
    }
}

/// A connection that has said everything and still listens.
struct Linger {
    end: Instant,
    quiet: Pin<Box<Sleep>>,
    swallowed: usize,
}

impl Linger {
    fn begin() -> Self {
        let now = Instant::now();
        Self {
            end: now + LINGER,
            quiet: Box::pin(sleep_until(now + LINGER_QUIET)),
            swallowed: 0,
        }
    }

    /// Reads and forgets until the client has nothing more to send, or has sent enough.
    fn poll<T: AsyncRead + Unpin>(&mut self, inner: &mut T, cx: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0u8; 16 * 1024];
        while self.swallowed < LINGER_BYTES {
            let mut buf = ReadBuf::new(&mut scratch);
            match Pin::new(&mut *inner).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    self.swallowed += buf.filled().len();
                    let until = (Instant::now() + LINGER_QUIET).min(self.end);
                    self.quiet.as_mut().reset(until);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.quiet.as_mut().poll(cx),
            }
        }
        Poll::Ready(())
    }
}
