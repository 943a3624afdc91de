//! An answer's body that comes in pieces, from whoever sends them, for as long as the credential that asked for it lives.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use portunus_app::Session;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Pieces on their way.
const PIECES: usize = 4;

/// Where the pieces are put in. An error breaks the answer off, so that its reader does not take it for whole.
pub(crate) type Sender = mpsc::Sender<io::Result<Bytes>>;

/// The pieces as a body.
pub(crate) struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    /// Bytes to come, when that is known.
    left: Option<u64>,
    /// Resolves when whoever asked may have no more of it (P5).
    revoked: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pieces(left: {:?})", self.left)
    }
}

impl Pieces {
    /// A body for `session`, of so many bytes in all, or of nobody knows how many.
    pub(crate) fn new(session: &Session, length: Option<u64>) -> (Sender, Self) {
        let (sender, pieces) = mpsc::channel(PIECES);
        let body = Self {
            pieces,
            left: length,
            revoked: Box::pin(session.revoked.clone().cancelled_owned()),
        };
        (sender, body)
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        // Before the pieces: those that lie ready are not given out either.
        if self.revoked.as_mut().poll(cx).is_ready() {
            self.pieces.close();
            let why = "the credential that asked for it has ended";
            return Poll::Ready(Some(Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                why,
            ))));
        }
        self.pieces.poll_recv(cx).map(|piece| {
            piece.map(|piece| {
                piece.map(|bytes| {
                    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    self.left = self.left.map(|left| left.saturating_sub(length));
                    Frame::data(bytes)
                })
            })
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
