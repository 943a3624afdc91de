//! The same events to those who cannot open a WebSocket: server-sent events, as the HTML standard has them.

use super::press::Press;
use super::refusals::of_end;
use super::{limits, patiently};
use crate::wire;
use bytes::Bytes;
use http_body::Frame;
use portunus_api::push::PushErrorCode;
use portunus_app::Plane;
use portunus_app::push::{End, Subscription};
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep_until, timeout};

/// How often a comment comes, so that nobody on the way takes the connection for dead.
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// A body that tells of events until the client goes or the plane ends it.
#[derive(Debug)]
pub(crate) struct Events(Receiver<Bytes>);

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(cx)
            .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// Begins to tell.
pub(crate) fn stream(plane: Arc<Plane>, press: Arc<Press>, subscription: Subscription) -> Events {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let session = subscription.session().clone();
        let Err(end) = pump(&plane, &press, subscription, &sender).await else {
            return;
        };
        let error = of_end(&plane, &session, end);
        if error.code == PushErrorCode::SlowReader {
            plane.push().note_cut_off();
        }
        let _ = timeout(COMMENT_EVERY, sender.send(event("error", None, &error))).await;
    });
    Events(receiver)
}

/// Ends well when the client has gone.
async fn pump(
    plane: &Plane,
    press: &Press,
    mut subscription: Subscription,
    sender: &Sender<Bytes>,
) -> Result<(), End> {
    let hello = wire::push::hello(&subscription, limits(plane, &subscription), plane.now());
    let mut piece = event("hello", None, &hello);
    let mut comment_at = Instant::now() + COMMENT_EVERY;
    loop {
        if !piece.is_empty() {
            comment_at = Instant::now() + COMMENT_EVERY;
            tokio::select! {
                sent = patiently(plane, sender.send(piece)) => if sent?.is_err() {
                    return Ok(());
                },
                () = subscription.session().revoked.cancelled() => {}
            }
        }
        piece = tokio::select! {
            () = sender.closed() => return Ok(()),
            () = sleep_until(comment_at) => Bytes::from_static(b":\n\n"),
            () = subscription.wait() => {
                let work = subscription.work().await?;
                let events = work.events.into_iter().map(|told| {
                    let (name, cursor) = (wire::push::name(&told.told), told.cursor.clone());
                    line(name, Some(&cursor), &press.event(told).unwrap_or_default())
                });
                events.collect::<Vec<_>>().concat().into()
            }
        };
    }
}

/// JSON has no line breaks, so that it is one line of data.
fn event(name: &str, id: Option<&str>, data: &impl Serialize) -> Bytes {
    // Strings and numbers always serialise.
    line(name, id, &serde_json::to_string(data).unwrap_or_default())
}

fn line(name: &str, id: Option<&str>, data: &str) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("{id}event: {name}\ndata: {data}\n\n").into()
}
