//! HTTP/1.1 towards upstreams: one request at a time on a connection that nobody else has.
//!
//! There is no task and no channel: whoever waits for the answer drives the connection, and dropping the answer closes
//! it. A connection without unread bytes holds no buffer, so ten thousand waiting streams cost no more than their sockets.

mod body;
mod chunks;
mod connection;
mod head;

pub(super) use body::Http1Body;
pub(super) use connection::Connection;

use super::body::UpstreamBody;
use super::fault::SendError;
use super::origin::Destination;
use super::{Answered, Outgoing};
use std::future::poll_fn;

/// A request that was not answered.
pub(super) struct Unanswered {
    pub(super) error: SendError,
    /// Its last byte was never handed over, so it cannot have been processed.
    pub(super) is_unsent: bool,
}

/// Sends a request on `connection` and waits for the head of its answer.
pub(super) async fn exchange(
    mut connection: Connection,
    destination: &Destination,
    outgoing: &Outgoing<'_>,
) -> Result<Answered, Unanswered> {
    let head = head::of_request(destination, outgoing);
    connection.begin(head, outgoing.body.clone());
    match poll_fn(|cx| connection.poll_head(cx, outgoing.method)).await {
        Ok(answer) => {
            let body = Http1Body::new(connection, &destination.origin, &answer);
            Ok(Answered {
                status: answer.status,
                headers: answer.headers,
                body: UpstreamBody::http1(body),
            })
        }
        Err(error) => Err(Unanswered {
            error: error.into(),
            is_unsent: connection.is_unsent(),
        }),
    }
}
