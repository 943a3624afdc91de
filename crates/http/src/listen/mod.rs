//! The accept loop: one acceptor hands connections out evenly to one single-threaded runtime per core.
//!
//! It owns everything that HTTP leaves to the server's patience: half-sent headers, idle connections,
//! readers that stop reading, draining. What a request means is left to the service that is passed in.

mod patience;
mod patient_body;
mod strict_head;
#[cfg(test)]
mod tests;
mod unreadable;
mod worker;

pub use patient_body::{BodyTimedOut, PatientBody};

use bytes::Bytes;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use worker::Worker;

/// The request that a service gets: its body gives up on clients that stop sending.
pub type Request = http::Request<PatientBody<Incoming>>;

/// How long the listener waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From a connection's first byte to the end of a request's headers.
    pub headers: Duration,
    /// Between two requests of one connection. Longer than the 5 s after which clients drop theirs.
    pub idle: Duration,
    /// Between two pieces of a request's body.
    pub body: Duration,
    /// For the whole of a request's body, however steadily it trickles.
    pub whole_body: Duration,
    /// For a client that has stopped reading its answer.
    pub write: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(9),
            idle: Duration::from_secs(75),
            body: Duration::from_secs(20),
            whole_body: Duration::from_secs(600),
            write: Duration::from_secs(300),
        }
    }
}

/// The address at the other end of a connection, as an extension of the requests that the control API gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// What answers requests. One is made per worker, inside the worker's runtime.
pub trait Serve: Clone + Send + Sync + 'static {
    /// The body of its answers.
    type Body: http_body::Body<Data = bytes::Bytes, Error = Self::BodyError>
        + Send
        + Unpin
        + 'static;
    /// Why a body breaks off; the connection is then cut, never ended cleanly.
    type BodyError: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Answers one request of a connection from `peer`; refusals are answers too.
    fn serve(
        &self,
        request: Request,
        peer: IpAddr,
    ) -> impl Future<Output = http::Response<Self::Body>> + Send;

    /// What is said to a head that is not HTTP (`status` is 400), too large (414, 431) or did not come to its end (408), and
    /// that has `_beginning` for its first bytes. `None` says nothing more.
    fn unreadable(&self, _status: StatusCode, _beginning: &[u8]) -> Option<Response<Bytes>> {
        None
    }
}

/// How the listener stops: first gently, then for good.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Fires once: connections end after the answer that they are at.
    pub drain: CancellationToken,
    /// Fired by the listener when the drain has taken too long: answers must end now, as honestly as they can.
    pub cut: CancellationToken,
    /// The connections of all workers, for which a drain waits and which may be counted meanwhile.
    pub connections: TaskTracker,
}

/// How long answers get to end honestly once the drain has taken too long.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves `listener` on `workers` threads until `stop.drain` fires and every answer in flight has ended,
/// or `drain_limit`, which is asked when the drain begins, has passed.
///
/// The threads are there when this returns; the future accepts. `make` is called once in each worker's runtime, so that
/// what it builds (upstream connections) stays there.
/// New connections are still answered while draining, so that `/readyz` can say so.
///
/// # Errors
/// When a worker's thread or runtime cannot be made.
pub fn serve<S: Serve>(
    listener: TcpListener,
    workers: usize,
    patience: Patience,
    make: impl Fn() -> S + Send + Sync + Clone + 'static,
    stop: Stop,
    drain_limit: impl Fn() -> Duration,
) -> std::io::Result<impl Future<Output = Drained>> {
    let crew = (0..workers.max(1))
        .map(|number| worker::spawn(number, patience, make.clone(), &stop))
        .collect::<std::io::Result<Vec<_>>>()?;
    Ok(accept(listener, crew, stop, drain_limit))
}

async fn accept(
    listener: TcpListener,
    crew: Vec<Worker>,
    stop: Stop,
    drain_limit: impl Fn() -> Duration,
) -> Drained {
    let mut turn = crew.iter().cycle();
    let mut deadline = None;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if let (Some(worker), Ok(stream)) = (turn.next(), stream.into_std()) {
                        worker.hand_over(stream, peer.ip());
                    }
                }
                Err(error) => refused(&error).await,
            },
            () = stop.drain.cancelled(), if deadline.is_none() => {
                deadline = Some(tokio::time::Instant::now() + drain_limit());
            }
            () = all_idle(&stop.connections), if deadline.is_some() => return Drained::Finished,
            () = tokio::time::sleep_until(deadline.unwrap_or_else(tokio::time::Instant::now)), if deadline.is_some() => {
                stop.cut.cancel();
                // Whoever has not ended by then is cut in mid-sentence.
                let _ = tokio::time::timeout(LAST_WORDS, all_idle(&stop.connections)).await;
                return Drained::CutOff;
            }
        }
    }
}

/// Resolves when no worker has a connection left.
async fn all_idle(connections: &TaskTracker) {
    connections.close();
    connections.wait().await;
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every answer in flight was finished.
    Finished,
    /// The limit passed first; what was left was cut off.
    CutOff,
}

/// Accepting fails for a moment when file descriptors run out; a tight loop would only make it worse.
async fn refused(error: &std::io::Error) {
    let passing = matches!(
        error.kind(),
        std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::ConnectionReset
    );
    if !passing {
        tracing::warn!(%error, "cannot accept connections; raise the limit of open files (ulimit -n) if this stays");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
