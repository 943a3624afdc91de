//! Fits a [`Line`] to hyper's client, which keeps connections and asks for new ones here.

use crate::dial::{Line, Stream, Tcp};
use crate::endpoint::Endpoint;
use crate::error::BuildError;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::Service;

/// Makes the connections of one endpoint for hyper's client, whatever address a request names. A [`crate::Client`] has its own;
/// this is for programs that say to a server what no agent says. [`crate::Lost::of`] tells why nothing was answered.
#[derive(Clone, Debug)]
pub struct Connector(pub(crate) Line);

impl Connector {
    /// Gets ready to connect over TCP, and over TLS where the endpoint begins with `https`: only to a pinned certificate if
    /// there is one, else to whom the machine's roots vouch for.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoRoots`].
    pub fn new(endpoint: Endpoint) -> Result<Self, BuildError> {
        Line::new(endpoint, Arc::new(Tcp), Arc::default()).map(Self)
    }
}

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let line = self.0.clone();
        Box::pin(async move { Ok(Wire(TokioIo::new(line.connect().await?))) })
    }
}

/// A connection as hyper takes it.
pub struct Wire(TokioIo<Box<dyn Stream>>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire(..)")
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
