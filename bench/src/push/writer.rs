//! Who writes to everybody, over a connection of its own.

use super::listener::MARK;
use crate::wire::{Kind, MessageReader, Progress};
use anyhow::{Context, Result, bail};
use memchr::memmem;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The board that is written on.
pub(crate) const BOARD: &str = "everybody";
/// What agents say to each other, about.
const WORDS: &str = "the build of the release is green again; whoever waited for it goes on with the list of yesterday, \
    and tells on this board what is done and what is left.";

/// See the module.
#[derive(Debug)]
pub(super) struct Writer {
    socket: TcpStream,
    target: SocketAddr,
    token: String,
    reader: MessageReader,
    answer: Vec<u8>,
}

impl Writer {
    pub(super) fn open(target: SocketAddr, token: &str) -> Result<Self> {
        let socket =
            TcpStream::connect(target).with_context(|| format!("cannot reach {target}"))?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            target,
            token: token.to_owned(),
            reader: MessageReader::new(Kind::Answer),
            answer: Vec::new(),
        })
    }

    pub(super) const fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Writes the message of a round; the answer comes when it comes.
    pub(super) fn write(&mut self, round: u32) -> Result<()> {
        let body = json!({"text": format!("@all {MARK}{round}: {WORDS}")}).to_string();
        let request = format!(
            "POST /api/v1/boards/{BOARD}/messages HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.target,
            self.token,
            body.len()
        );
        self.reader.restart();
        self.answer.clear();
        (&self.socket).write_all(request.as_bytes())?;
        Ok(())
    }

    /// Reads what came; `true` when the answer is whole.
    pub(super) fn hear(&mut self, scratch: &mut [u8]) -> Result<bool> {
        let count = (&self.socket).read(scratch)?;
        if count == 0 {
            bail!("the connection of who writes was closed");
        }
        let came = scratch.get(..count).unwrap_or_default();
        self.answer.extend_from_slice(came);
        if self.reader.feed(came)? == Progress::Partial {
            return Ok(false);
        }
        if self.reader.status() != 201 {
            bail!("not written: {}", String::from_utf8_lossy(&self.answer));
        }
        Ok(true)
    }

    /// The id of what was written last.
    pub(super) fn written(&self) -> Result<String> {
        let at = memmem::find(&self.answer, b"msg_").context("what was written has no id")?;
        let id = self.answer.get(at..).unwrap_or_default();
        let id: Vec<u8> = id
            .iter()
            .copied()
            .take_while(|byte| *byte != b'"')
            .collect();
        Ok(String::from_utf8(id)?)
    }
}
