//! One connection of the load generator: writes a request, reads its answer, notes the moments.

use super::request::Template;
use crate::poller::{Interest, Poller};
use crate::wire::{Kind, MessageReader, Progress};
use anyhow::{Context, Result, bail};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};

/// A whole answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body_bytes: u64,
    /// From the request to the first bytes of the answer.
    pub(super) first_byte: Duration,
    /// From the request to the end of the answer.
    pub(super) whole: Duration,
}

/// What some bytes amounted to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heard {
    /// The answer goes on, or nothing was asked.
    Part,
    /// The answer is whole.
    Whole(Answer),
}

#[derive(Debug)]
pub(super) struct Connection {
    socket: TcpStream,
    request: Vec<u8>,
    credential: Range<usize>,
    written: usize,
    watched: Interest,
    reader: MessageReader,
    /// When the request under way began; `None` between requests.
    asked: Option<Instant>,
    /// Whether it was asked before, on a connection that was lost.
    is_repeated: bool,
    first_byte: Option<Instant>,
}

/// A request of which nothing was heard before its connection was lost.
#[derive(Debug)]
pub(super) struct Unheard {
    request: Vec<u8>,
    asked: Instant,
}

impl Connection {
    pub(super) fn open(
        target: SocketAddr,
        template: &Template,
        poller: &Poller,
        place: usize,
    ) -> Result<Self> {
        let socket =
            TcpStream::connect(target).with_context(|| format!("cannot reach {target}"))?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        poller.add(&socket, place as u64, Interest::Read)?;
        let request = template.bytes();
        Ok(Self {
            socket,
            written: request.len(),
            request,
            credential: template.credential(),
            watched: Interest::Read,
            reader: MessageReader::new(Kind::Answer),
            asked: None,
            is_repeated: false,
            first_byte: None,
        })
    }

    /// Whether an answer is awaited.
    pub(super) const fn is_busy(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether the answer has begun.
    pub(super) const fn has_begun(&self) -> bool {
        self.first_byte.is_some()
    }

    /// Sends the request with this credential. Its time counts from `since`, else from now.
    pub(super) fn ask(
        &mut self,
        token: &str,
        since: Option<Instant>,
        poller: &Poller,
        place: usize,
    ) -> Result<()> {
        if let Some(gap) = self.request.get_mut(self.credential.clone()) {
            gap.copy_from_slice(token.as_bytes());
        }
        self.is_repeated = false;
        self.send(since.unwrap_or_else(Instant::now), poller, place)
    }

    /// The request under way, if no byte of its answer came and it was not repeated before.
    pub(super) fn unheard(&mut self) -> Option<Unheard> {
        if self.is_repeated || self.has_begun() {
            return None;
        }
        let asked = self.asked?;
        let request = std::mem::take(&mut self.request);
        Some(Unheard { request, asked })
    }

    /// Sends once more what was lost with another connection; its time goes on.
    pub(super) fn repeat(&mut self, unheard: Unheard, poller: &Poller, place: usize) -> Result<()> {
        self.is_repeated = true;
        self.request = unheard.request;
        self.send(unheard.asked, poller, place)
    }

    fn send(&mut self, asked: Instant, poller: &Poller, place: usize) -> Result<()> {
        self.written = 0;
        self.first_byte = None;
        self.reader.restart();
        self.asked = Some(asked);
        self.write(poller, place)
    }

    fn write(&mut self, poller: &Poller, place: usize) -> Result<()> {
        let unsent = self.request.get(self.written..).unwrap_or_default();
        match (&self.socket).write(unsent) {
            Ok(count) => self.written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        let wanted = if self.written < self.request.len() {
            Interest::ReadAndWrite
        } else {
            Interest::Read
        };
        if wanted != self.watched {
            poller.change(&self.socket, place as u64, wanted)?;
            self.watched = wanted;
        }
        Ok(())
    }

    /// Reads what came, and writes what had no room before.
    pub(super) fn hear(
        &mut self,
        scratch: &mut [u8],
        poller: &Poller,
        place: usize,
    ) -> Result<Heard> {
        if self.written < self.request.len() {
            self.write(poller, place)?;
        }
        let count = match (&self.socket).read(scratch) {
            Ok(0) => bail!("the connection was closed"),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Heard::Part),
            Err(error) => return Err(error.into()),
        };
        let Some(asked) = self.asked else {
            bail!("an answer that nobody asked for");
        };
        let first_byte = *self.first_byte.get_or_insert_with(Instant::now);
        let progress = self.reader.feed(scratch.get(..count).unwrap_or_default())?;
        if progress == Progress::Partial {
            return Ok(Heard::Part);
        }
        self.asked = None;
        Ok(Heard::Whole(Answer {
            status: self.reader.status(),
            body_bytes: self.reader.body_bytes(),
            first_byte: first_byte - asked,
            whole: asked.elapsed(),
        }))
    }
}
