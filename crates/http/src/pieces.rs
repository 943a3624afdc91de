//! An answer's body that comes in pieces, from whoever sends them.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Pieces on their way.
const PIECES: usize = 4;

/// Where the pieces are put in. An error breaks the answer off, so that its reader does not take it for whole.
pub(crate) type Sender = mpsc::Sender<io::Result<Bytes>>;

/// The pieces as a body.
#[derive(Debug)]
pub(crate) struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    /// Bytes to come, when that is known.
    left: Option<u64>,
}

impl Pieces {
    /// A body of so many bytes in all, or of nobody knows how many.
    pub(crate) fn new(length: Option<u64>) -> (Sender, Self) {
        let (sender, pieces) = mpsc::channel(PIECES);
        let left = length;
        (sender, Self { pieces, left })
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
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
