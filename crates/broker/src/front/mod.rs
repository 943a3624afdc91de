//! The loopback listener: takes the child's requests if they show its handle, and hands them on with the agent's credential.
//!
//! `route` says where a path leads, `heads` which headers travel, `refusal` what is said when the plane says nothing. Bodies of
//! requests are read whole, up to what any plane takes, so that they can be sent again; answers are never held.

mod heads;
mod refusal;
mod route;
#[cfg(test)]
mod tests;

use crate::forward::{Errand, Forward};
use crate::handle::LocalHandle;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use refusal::{Shape, Why};
use route::Route;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// What a plane reads of one request.
const BODY_LIMIT: usize = 32 * 1024 * 1024;
/// From the end of one request to the end of the next one's headers: longer than clients keep a connection that they do not
/// use, since one that sends at the moment of the close may not send again by itself.
const HEADERS: Duration = Duration::from_secs(600);
/// Between two pieces of a request's body.
const PIECE: Duration = Duration::from_secs(20);
/// How long accepting pauses when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Of the broker's own making, or the plane's as it comes.
type AnswerBody = Either<Full<Bytes>, Incoming>;

/// What answers the child.
#[derive(Debug)]
pub(crate) struct Front {
    handle: LocalHandle,
    forward: Forward,
    /// For how long a request waits for a plane, if its client does not say.
    max_wait: Duration,
}

impl Front {
    pub(crate) const fn new(handle: LocalHandle, forward: Forward, max_wait: Duration) -> Self {
        Self {
            handle,
            forward,
            max_wait,
        }
    }

    /// Answers whoever connects, until it is dropped; then every connection is cut.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) -> Infallible {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        // Only speed is lost without it.
                        let _ = stream.set_nodelay(true);
                        connections.spawn(Arc::clone(&self).converse(stream));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection of the child");
                        sleep(NO_ROOM).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn converse(self: Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let service = service_fn(move |request| {
            let front = Arc::clone(&self);
            async move { Ok::<_, Infallible>(front.answer(request).await) }
        });
        let conversation = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        // The child may leave at any time.
        if let Err(error) = conversation.await {
            tracing::debug!(%error, "a connection of the child ended");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<AnswerBody> {
        let shape = Shape::of(request.uri().path(), request.headers());
        match self.ask(request).await {
            Ok(answer) => answer.map(Either::Right),
            Err(why) => why.answer(shape).map(|body| Either::Left(Full::new(body))),
        }
    }

    async fn ask(&self, request: Request<Incoming>) -> Result<Response<Incoming>, Why> {
        let (door, target) = match Route::of(request.uri()) {
            Route::None => return Err(Why::NoRoute),
            Route::Kept => return Err(Why::Kept),
            Route::Plane { .. } if !self.handle.is_shown(request.headers()) => {
                return Err(Why::NoHandle);
            }
            Route::Plane { .. } if heads::open_a_model_socket(&request) => {
                return Err(Why::NoWebSocket);
            }
            Route::Plane { door, target } => (door, target),
        };
        let (parts, body) = request.into_parts();
        let patience = heads::patience(&parts.headers, self.max_wait);
        let errand = Errand {
            door,
            method: parts.method,
            target,
            headers: heads::to_plane(&parts.headers),
            body: whole(body).await?,
            deadline: Instant::now() + patience,
        };
        let answer = self.forward.send(errand).await.map_err(|error| {
            tracing::warn!(%error, "a request of the child got no answer");
            Why::of(&error)
        })?;
        let headers = heads::to_child(answer.headers());
        let (mut parts, body) = answer.into_parts();
        parts.headers = headers;
        Ok(Response::from_parts(parts, body))
    }
}

async fn whole(body: Incoming) -> Result<Bytes, Why> {
    // What is announced need not be waited for.
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(Why::TooLarge);
    }
    let mut body = Limited::new(body, BODY_LIMIT);
    let mut whole = BytesMut::new();
    loop {
        let piece = timeout(PIECE, body.frame()).await;
        match piece.map_err(|_| Why::BodyStopped)? {
            None => return Ok(whole.freeze()),
            Some(Ok(piece)) => {
                whole.extend_from_slice(piece.data_ref().map_or(&[], |data| &**data))
            }
            Some(Err(error)) if error.is::<LengthLimitError>() => return Err(Why::TooLarge),
            Some(Err(_)) => return Err(Why::BodyStopped),
        }
    }
}
