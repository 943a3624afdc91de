//! The body of the door's answers: whole bytes, or a flow that is produced while the client reads.
//!
//! A flow is a future that pushes pieces into an outlet. It runs only when the client's connection asks for
//! more, needs no task and no channel, and dies with the connection: leases and upstream requests die with it.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The answer broke off. The connection is cut, so that no client takes what it has for the whole.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the answer broke off")]
pub struct BrokenOff;

/// How a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The answer is complete.
    Clean,
    /// It failed, and its last event says so as its protocol has it: nothing is missing, and nothing is worth keeping.
    Failed,
    /// It is not; the connection must be cut.
    Cut,
}

/// Where a flow puts its pieces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outlet(Arc<Mutex<Option<Bytes>>>);

impl Outlet {
    /// Hands one piece to the client's connection; resolves when the connection has taken it.
    pub(crate) async fn send(&self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        *self.0.lock() = Some(piece);
        // Whoever takes the piece polls the flow again, so no waker has to be kept.
        poll_fn(|_| {
            if self.0.lock().is_some() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    fn take(&self) -> Option<Bytes> {
        self.0.lock().take()
    }
}

type Producer = Pin<Box<dyn Future<Output = Ending> + Send>>;

enum Inner {
    Whole(Option<Bytes>),
    Flow {
        producer: Option<Producer>,
        outlet: Outlet,
        ending: Option<Ending>,
    },
}

/// The body of every answer of the door.
pub struct DoorBody(Inner);

impl std::fmt::Debug for DoorBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Inner::Whole(bytes) => {
                write!(f, "DoorBody({:?} bytes)", bytes.as_ref().map(Bytes::len))
            }
            Inner::Flow { .. } => f.write_str("DoorBody(flow)"),
        }
    }
}

impl DoorBody {
    /// A body that is known already.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self(Inner::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    /// Its bytes, if they are known already; else itself.
    pub(crate) fn into_whole(self) -> Result<Bytes, Self> {
        match self.0 {
            Inner::Whole(bytes) => Ok(bytes.unwrap_or_default()),
            flow @ Inner::Flow { .. } => Err(Self(flow)),
        }
    }

    /// How it came to its end, once it has.
    pub(crate) const fn ending(&self) -> Ending {
        match self.0 {
            Inner::Whole(_) => Ending::Clean,
            Inner::Flow {
                ending: Some(ending),
                ..
            } => ending,
            Inner::Flow { ending: None, .. } => Ending::Cut,
        }
    }

    /// A body that `produce` makes while it is read.
    pub(crate) fn flow<F>(produce: impl FnOnce(Outlet) -> F) -> Self
    where
        F: Future<Output = Ending> + Send + 'static,
    {
        let outlet = Outlet::default();
        let producer: Producer = Box::pin(produce(outlet.clone()));
        Self(Inner::Flow {
            producer: Some(producer),
            outlet,
            ending: None,
        })
    }
}

impl Body for DoorBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let (producer, outlet, ending) = match &mut self.0 {
            Inner::Whole(bytes) => return Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Inner::Flow {
                producer,
                outlet,
                ending,
            } => (producer, outlet, ending),
        };
        if let Some(running) = producer
            && let Poll::Ready(end) = running.as_mut().poll(cx)
        {
            // What the producer held (lease, upstream) is given back now, not when the client is gone.
            *producer = None;
            *ending = Some(end);
        }
        match (outlet.take(), *ending) {
            (Some(piece), _) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            (None, None) => Poll::Pending,
            (None, Some(Ending::Clean | Ending::Failed)) => Poll::Ready(None),
            (None, Some(Ending::Cut)) => Poll::Ready(Some(Err(BrokenOff))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Inner::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Inner::Flow { .. } => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_flow_delivers_its_pieces_in_order_and_ends() {
        let body = DoorBody::flow(|outlet| async move {
            outlet.send(Bytes::from_static(b"a")).await;
            outlet.send(Bytes::from_static(b"b")).await;
            Ending::Clean
        });
        assert_eq!(body.collect().await.unwrap().to_bytes(), "ab");
    }

    #[tokio::test]
    async fn a_cut_flow_is_an_error_after_its_last_piece() {
        let mut body = DoorBody::flow(|outlet| async move {
            outlet.send(Bytes::from_static(b"a")).await;
            Ending::Cut
        });
        assert!(body.frame().await.unwrap().is_ok());
        assert!(body.frame().await.unwrap().is_err());
    }
}
