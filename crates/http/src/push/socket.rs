//! Messages over a connection that was upgraded. While it is quiet it holds no buffer.

use portunus_core::websocket::{Decoder, End, Flaw, Message, Opcode, close_frame, frame};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// How much is read at once.
const CHUNK: usize = 2 * 1024;
/// How long the last words may take, and the client's.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Why no message comes.
#[derive(Debug)]
pub(super) enum NoMessage {
    /// The connection is gone.
    Gone,
    /// It breaks the rules.
    Flaw(Flaw),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Socket<T> {
    io: T,
    decoder: Decoder,
    out: Vec<u8>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Socket<T> {
    pub(super) const fn new(io: T, most: usize) -> Self {
        Self {
            io,
            decoder: Decoder::new(End::Server, most),
            out: Vec::new(),
        }
    }

    /// The next message. May be given up at any moment.
    pub(super) async fn read(&mut self) -> Result<Message, NoMessage> {
        loop {
            if let Some(message) = self.decoder.next_message().map_err(NoMessage::Flaw)? {
                return Ok(message);
            }
            let mut chunk = [0; CHUNK];
            match self.io.read(&mut chunk).await {
                Ok(0) | Err(_) => return Err(NoMessage::Gone),
                Ok(count) => self.decoder.feed(chunk.get(..count).unwrap_or_default()),
            }
        }
    }

    /// Puts a message behind those that wait to be sent.
    pub(super) fn queue(&mut self, opcode: Opcode, payload: &[u8]) {
        frame(opcode, payload, None, &mut self.out);
    }

    /// Sends what waits.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let out = std::mem::take(&mut self.out);
        self.io.write_all(&out).await?;
        self.io.flush().await
    }

    /// Says goodbye, with `last` before it. The listener hears the client out.
    pub(super) async fn part(&mut self, last: Option<&str>, code: u16, reason: &str) {
        // What could not be sent before will not be now.
        self.out = Vec::new();
        if let Some(last) = last {
            self.queue(Opcode::Text, last.as_bytes());
        }
        close_frame(code, reason, None, &mut self.out);
        let parted = timeout(LAST_WORDS, async {
            self.flush().await?;
            self.io.shutdown().await
        });
        // A client that has gone, or does not take it, knows no more than that.
        let _ = parted.await;
    }
}
