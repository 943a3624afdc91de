//! HTTP/2 connections that requests share: room is counted here, the protocol itself is hyper's.

use super::body::UpstreamBody;
use super::fault::{BrokenAnswer, SendError};
use super::origin::Destination;
use super::unreachable::Unreachable;
use super::wire::Wire;
use super::{Answered, Outgoing};
use crate::provider::Fields;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Requests under way on one connection, if the server allows as many.
pub(super) const STREAMS_PER_LANE: usize = 64;
/// How much of one answer may be on its way unread.
const STREAM_WINDOW: u32 = 512 * 1024;
/// The same for a whole connection: never the limit, or one client that stops reading would stall all others.
const CONNECTION_WINDOW: u32 = 1 << 30;
/// How often a connection with requests on it is asked whether it still lives.
const PING_EVERY: Duration = Duration::from_secs(20);

/// A shared connection.
pub(super) struct Lane {
    sender: SendRequest<Full<Bytes>>,
    room: Arc<Room>,
    used: Instant,
}

/// How many requests are on a connection, and how many its server allows (RFC 9113, 5.1.2).
struct Room {
    taken: AtomicUsize,
    allowed: AtomicUsize,
    /// Set when the server has said that it takes no more.
    is_over: std::sync::atomic::AtomicBool,
}

/// A place on a shared connection, and the way to use it.
pub(super) struct Ticket {
    sender: SendRequest<Full<Bytes>>,
    place: Place,
}

/// A place on a shared connection; dropping it gives the place back.
pub(super) struct Place(Arc<Room>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lane {
    /// Begins to speak HTTP/2 on `wire`; a task of this runtime drives the connection.
    pub(super) async fn open(wire: Wire) -> Result<Self, SendError> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_EVERY)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        let (sender, mut connection) = builder
            .handshake(TokioIo::new(wire))
            .await
            .map_err(|error| SendError::connecting(io::Error::other(error)))?;
        let room = Arc::new(Room {
            taken: AtomicUsize::new(0),
            allowed: AtomicUsize::new(STREAMS_PER_LANE),
            is_over: false.into(),
        });
        let told = Arc::clone(&room);
        tokio::spawn(poll_fn(move |cx| {
            let polled = Pin::new(&mut connection).poll(cx);
            // Settings come as frames, so whenever they have changed the connection was polled.
            let allowed = connection.current_max_send_streams().min(STREAMS_PER_LANE);
            told.allowed.store(allowed, Ordering::Relaxed);
            polled.map(drop)
        }));
        Ok(Self {
            sender,
            room,
            used: Instant::now(),
        })
    }

    /// Takes a place, if there is one. What is over the server's number would wait unseen behind long streams.
    pub(super) fn enter(&mut self) -> Option<Ticket> {
        let allowed = self.room.allowed.load(Ordering::Relaxed);
        if self.room.taken.load(Ordering::Relaxed) >= allowed {
            return None;
        }
        self.room.taken.fetch_add(1, Ordering::Relaxed);
        self.used = Instant::now();
        Some(Ticket {
            sender: self.sender.clone(),
            place: Place(Arc::clone(&self.room)),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed() && !self.room.is_over.load(Ordering::Relaxed)
    }

    /// Whether no request is on it and none has begun for this long.
    pub(super) fn is_idle_for(&self, time: Duration) -> bool {
        self.room.taken.load(Ordering::Relaxed) == 0 && self.used.elapsed() >= time
    }
}

/// A request that was not answered on a shared connection.
pub(super) struct Refused {
    pub(super) error: SendError,
    /// The server has certainly done nothing for it (RFC 9113, 8.7).
    pub(super) is_unprocessed: bool,
}

impl Ticket {
    /// Sends a request and waits for the head of its answer.
    pub(super) async fn exchange(
        mut self,
        destination: &Destination,
        outgoing: &Outgoing<'_>,
    ) -> Result<Answered, Refused> {
        let Some(uri) = destination.uri(outgoing.target) else {
            return Err(Refused {
                error: Unreachable::NoSuchUpstream.into(),
                is_unprocessed: false,
            });
        };
        let mut request = http::Request::new(Full::new(outgoing.body.clone()));
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() = uri;
        *request.version_mut() = http::Version::HTTP_2;
        *request.headers_mut() = outgoing.headers.to_map();
        for (name, value) in outgoing.credential.headers() {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        let Self { sender, place } = &mut self;
        match sender.try_send_request(request).await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                Ok(Answered {
                    status: parts.status,
                    headers: Fields::from(&parts.headers),
                    body: UpstreamBody::http2(body, self.place),
                })
            }
            Err(mut failed) => {
                let is_unsent = failed.take_message().is_some();
                let error = failed.into_error();
                let is_over = is_unsent || is_going_away(&error);
                if is_over {
                    place.0.is_over.store(true, Ordering::Relaxed);
                }
                Err(Refused {
                    is_unprocessed: is_over || is_refused_stream(&error),
                    error: BrokenAnswer::Http2(error).into(),
                })
            }
        }
    }
}

fn protocol_error(error: &hyper::Error) -> Option<&h2::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

/// The server takes no more on this connection and has not begun with this request (RFC 9113, 6.8).
fn is_going_away(error: &hyper::Error) -> bool {
    protocol_error(error).is_some_and(|error| {
        error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR)
    })
}

/// The server has refused this request before it did anything for it (RFC 9113, 8.7).
fn is_refused_stream(error: &hyper::Error) -> bool {
    protocol_error(error).is_some_and(|error| {
        error.is_reset() && error.is_remote() && error.reason() == Some(h2::Reason::REFUSED_STREAM)
    })
}
