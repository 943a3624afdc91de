//! What stands behind every connection: the model door under `/v1`, the control API everywhere else.
//!
//! The door answers on the connection's own runtime. The control API works on the ordinary one, so that its database
//! work never stands in the way of a stream.

use axum::body::Body as ControlBody;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use portunus_app::Plane;
use portunus_http::listen::{self, Peer, Serve};
use portunus_proxy::{Door, DoorBody};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tower::ServiceExt;

/// The two halves of the plane, as one worker sees them.
#[derive(Clone)]
pub(crate) struct Entrance {
    door: Door,
    control: axum::Router,
    control_runtime: Handle,
    plane: Arc<Plane>,
}

impl Entrance {
    /// `control_runtime` is where the control API works.
    pub(crate) const fn new(
        plane: Arc<Plane>,
        door: Door,
        control: axum::Router,
        control_runtime: Handle,
    ) -> Self {
        Self {
            plane,
            door,
            control,
            control_runtime,
        }
    }

    async fn control(&self, request: listen::Request, peer: IpAddr) -> Response<ControlBody> {
        let router = self.control.clone();
        let mut request = request.map(ControlBody::new);
        request.extensions_mut().insert(Peer(peer));
        let is_look = request.method().is_safe();
        let answer = self.control_runtime.spawn(router.oneshot(request));
        // A look ends with its client, or one that is gone would be handed messages. A change goes on to its end.
        let _leash = is_look.then(|| Leash(answer.abort_handle()));
        match answer.await {
            Ok(Ok(response)) => response,
            // A handler that panicked: the connection goes on, and the panic is in the log.
            Err(_) => portunus_http::internal_error(),
        }
    }
}

/// Ends what runs for a client once that client is gone.
struct Leash(AbortHandle);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn is_for_the_door(request: &Request<impl Sized>) -> bool {
    let path = request.uri().path();
    path == "/v1" || path.starts_with("/v1/")
}

/// The same of a head that begins so: a method, and a path under the door's.
fn begins_at_the_door(beginning: &[u8]) -> bool {
    let mut words = beginning.split(|byte| *byte == b' ');
    let path = words.nth(1).unwrap_or_default();
    path == b"/v1" || path.starts_with(b"/v1/")
}

impl Serve for Entrance {
    type Body = EntranceBody;
    type BodyError = Box<dyn std::error::Error + Send + Sync>;

    async fn serve(&self, request: listen::Request, peer: IpAddr) -> Response<EntranceBody> {
        if is_for_the_door(&request) {
            self.door
                .handle(request, peer)
                .await
                .map(EntranceBody::Door)
        } else {
            self.control(request, peer).await.map(EntranceBody::Control)
        }
    }

    fn unreadable(&self, status: StatusCode, beginning: &[u8]) -> Option<Response<Bytes>> {
        if begins_at_the_door(beginning) {
            return Some(self.door.unreadable(status, beginning));
        }
        let id = self.plane.request_id();
        tracing::debug!(request_id = %id, status = status.as_u16(), "a head could not be read");
        Some(portunus_http::unreadable_head(status, id))
    }
}

/// An answer's body from either half.
#[derive(Debug)]
pub(crate) enum EntranceBody {
    /// The model door's.
    Door(DoorBody),
    /// The control API's.
    Control(ControlBody),
}

impl Body for EntranceBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Door(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            Self::Control(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Door(body) => body.is_end_stream(),
            Self::Control(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Door(body) => body.size_hint(),
            Self::Control(body) => body.size_hint(),
        }
    }
}
