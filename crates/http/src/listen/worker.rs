//! One worker: a thread with a single-threaded runtime that serves the connections handed to it.

use super::patience::{ConnectionPhase, PatientIo};
use super::unreadable::Instead;
use super::{Patience, PatientBody, Serve, Stop};
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{HeaderValue, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How long a drain waits for the first request of a connection that has only just come.
const FIRST_REQUEST: Duration = Duration::from_millis(500);

/// The acceptor's end of a worker.
pub(super) struct Worker {
    inbox: mpsc::UnboundedSender<(std::net::TcpStream, IpAddr)>,
}

impl Worker {
    /// Gives the worker a connection of its own, which comes from `peer`.
    pub(super) fn hand_over(&self, stream: std::net::TcpStream, peer: IpAddr) {
        // A worker ends only with the process, so nobody is left to tell when this fails.
        let _ = self.inbox.send((stream, peer));
    }
}

/// Starts worker `number`; its thread runs and has its name when this returns.
pub(super) fn spawn<S: Serve>(
    number: usize,
    patience: Patience,
    make: impl Fn() -> S + Send + 'static,
    stop: &Stop,
) -> std::io::Result<Worker> {
    let (inbox, mut arrivals) = mpsc::unbounded_channel::<(std::net::TcpStream, IpAddr)>();
    let (tracker, drain) = (stop.connections.clone(), stop.drain.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (begin, begun) = std::sync::mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name(format!("door-{number}"))
        .spawn(move || {
            // Nobody is left to tell when this fails.
            let _ = begin.send(());
            runtime.block_on(async move {
                let service = make();
                while let Some((stream, peer)) = arrivals.recv().await {
                    match tokio::net::TcpStream::from_std(stream) {
                        Ok(stream) => {
                            // Its bytes are counted for as long as they live, also when they have become a WebSocket.
                            let counted = tracker.token();
                            let arrival = Arrival {
                                stream,
                                peer,
                                counted,
                            };
                            let connection =
                                connection(arrival, patience, service.clone(), drain.clone());
                            tokio::spawn(connection);
                        }
                        Err(error) => {
                            tracing::debug!(%error, "a connection was lost before it was served")
                        }
                    }
                }
            });
        })?;
    // Only a thread that ended at once says nothing; it takes no connections either.
    let _ = begun.recv();
    Ok(Worker { inbox })
}

/// A connection that came.
struct Arrival {
    stream: tokio::net::TcpStream,
    peer: IpAddr,
    counted: TaskTrackerToken,
}

async fn connection<S: Serve>(
    arrival: Arrival,
    patience: Patience,
    service: S,
    drain: CancellationToken,
) {
    let Arrival {
        stream,
        peer,
        counted,
    } = arrival;
    // Without it the first bytes of a stream wait for the acknowledgement of the headers (Nagle), 40 ms and more.
    let _ = stream.set_nodelay(true);
    let phase = Arc::new(ConnectionPhase::default());
    let unreadable = service.clone();
    let instead = Instead::new(Box::new(move |status, beginning: &[u8]| {
        unreadable.unreadable(status, beginning)
    }));
    let io = PatientIo::new(stream, phase.clone(), patience, instead).counted(counted);
    let io = TokioIo::new(io);
    let progress = Arc::clone(&phase);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let service = service.clone();
        let busy = ConnectionPhase::begin_request(&phase);
        let at = Arc::clone(&phase);
        // Boxed: the connection keeps room for it as long as it lives, and it is ten kilobytes that only a request
        // without an answer needs.
        Box::pin(async move {
            let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
            let request = request.map(|body| PatientBody::new(body, &patience, &at));
            let mut response = service.serve(request, peer).await;
            at.settle_body().await;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                ConnectionPhase::hand_over(&at);
            }
            if is_chunked {
                // Where chunks end is what parsers disagree about: nothing behind them is taken for a request.
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(response.map(|body| busy.until_end_of(body)))
        })
    });
    let late = drain.is_cancelled();
    let mut builder = http1::Builder::new();
    // Headers and idle time are watched by PatientIo, which can tell one from the other. A connection that comes
    // while draining gets one answer, so that `/readyz` can say why.
    builder
        // Who closes its side after a request looks like one that has left, and what waits for those ends.
        .half_close(false)
        .header_read_timeout(None)
        .max_buf_size(128 * 1024)
        .keep_alive(!late);
    let connection = builder.serve_connection(io, service).with_upgrades();
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        // A fresh connection's first request may be on its way: it is answered, not hung up on.
        () = async {
            drain.cancelled().await;
            let _ = tokio::time::timeout(FIRST_REQUEST, progress.has_begun()).await;
        }, if !late => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "connection ended early");
    }
}
