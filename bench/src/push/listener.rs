//! One push connection of an agent, from the handshake to its messages.
//!
//! It reads of a frame what the measurement needs, and no more, so that the load generator costs little beside the plane.

use anyhow::{Context, Result, bail};
use memchr::memmem;
use portunus_core::websocket::{Decoder, End, Message, Opcode, frame};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// What stands before the number of a round in its message.
pub(super) const MARK: &str = "bench round ";
/// Longest message that is read.
const MOST: usize = 1024 * 1024;
/// Nothing comes a second time because it was not acknowledged in time.
const VISIBILITY_MS: u64 = 3_600_000;

/// What came.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heard {
    /// Everything that there was.
    Synced,
    /// The message of this round.
    Message(u32),
    /// The answer to an acknowledgement.
    Read,
}

#[derive(Debug)]
enum Stage {
    /// The head of the answer so far.
    Upgrading(Vec<u8>),
    /// A WebSocket.
    Open(Decoder),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpStream,
    stage: Stage,
    /// Number of the last event.
    seq: u64,
}

impl Listener {
    /// Begins the handshake; the token comes in a frame.
    pub(super) fn open(target: SocketAddr) -> Result<Self> {
        let socket =
            TcpStream::connect(target).with_context(|| format!("cannot reach {target}"))?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let request = format!(
            "GET /api/v1/push HTTP/1.1\r\nhost: {target}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        (&socket).write_all(request.as_bytes())?;
        Ok(Self {
            socket,
            stage: Stage::Upgrading(Vec::new()),
            seq: 0,
        })
    }

    pub(super) const fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Acknowledges all events so far, and that the message is read.
    pub(super) fn read(&mut self, message: &str) -> Result<()> {
        let ack = json!({"type": "ack", "seq": self.seq});
        self.say(&ack)?;
        self.say(&json!({"type": "read", "messages": [message]}))
    }

    /// Frames of this size always have room: nothing else is under way.
    fn say(&self, what: &Value) -> Result<()> {
        let mut bytes = Vec::new();
        frame(
            Opcode::Text,
            what.to_string().as_bytes(),
            Some([1, 2, 3, 4]),
            &mut bytes,
        );
        (&self.socket).write_all(&bytes)?;
        Ok(())
    }

    /// Reads what came.
    pub(super) fn hear(
        &mut self,
        scratch: &mut [u8],
        token: &str,
        mut tell: impl FnMut(Heard) -> Result<()>,
    ) -> Result<()> {
        let count = match (&self.socket).read(scratch) {
            Ok(0) => bail!("the connection was closed"),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let came = scratch.get(..count).unwrap_or_default();
        match &mut self.stage {
            Stage::Open(decoder) => decoder.feed(came),
            Stage::Upgrading(head) => {
                head.extend_from_slice(came);
                let Some(end) = memmem::find(head, b"\r\n\r\n") else {
                    return Ok(());
                };
                if !head.starts_with(b"HTTP/1.1 101") {
                    bail!("no WebSocket: {}", String::from_utf8_lossy(head));
                }
                let mut decoder = Decoder::new(End::Client, MOST);
                decoder.feed(head.get(end + 4..).unwrap_or_default());
                self.stage = Stage::Open(decoder);
            }
        }
        while let Some(text) = self.text()? {
            if let Some(heard) = self.understand(&text, token)? {
                tell(heard)?;
            }
        }
        Ok(())
    }

    /// The next text. Pings are answered.
    fn text(&mut self) -> Result<Option<String>> {
        loop {
            let Stage::Open(decoder) = &mut self.stage else {
                return Ok(None);
            };
            match decoder.next_message()? {
                None => return Ok(None),
                Some(Message::Text(text)) => return Ok(Some(text)),
                Some(Message::Ping(payload)) => {
                    let mut bytes = Vec::new();
                    frame(Opcode::Pong, &payload, Some([1, 2, 3, 4]), &mut bytes);
                    (&self.socket).write_all(&bytes)?;
                }
                Some(Message::Pong(_)) => {}
                Some(other) => bail!("{other:?} came"),
            }
        }
    }

    fn understand(&mut self, text: &str, token: &str) -> Result<Option<Heard>> {
        let begins = |kind: &str| text.starts_with(&format!("{{\"type\":\"{kind}\""));
        if begins("event") {
            return self.event(text);
        }
        if begins("read.ok") {
            return Ok(Some(Heard::Read));
        }
        if begins("hello") {
            return Ok(None);
        }
        if !begins("connect.challenge") {
            bail!("it said {text}");
        }
        let challenge: Value = serde_json::from_str(text)?;
        let nonce = challenge.get("nonce").context("a challenge has a nonce")?;
        let connect = json!({
            "type": "connect", "protocol": 1, "nonce": nonce, "token": token, "visibility_ms": VISIBILITY_MS,
        });
        self.say(&connect)?;
        Ok(None)
    }

    fn event(&mut self, text: &str) -> Result<Option<Heard>> {
        let seq = number_behind(text, "\"seq\":").context("an event without a number")?;
        if seq != self.seq + 1 {
            bail!("event {seq} came after {}", self.seq);
        }
        self.seq = seq;
        if memmem::find(text.as_bytes(), b"\"event\":\"synced\"").is_some() {
            return Ok(Some(Heard::Synced));
        }
        if memmem::find(text.as_bytes(), b"\"event\":\"message\"").is_none() {
            return Ok(None);
        }
        let round = number_behind(text, MARK).context("a message of nobody's")?;
        Ok(Some(Heard::Message(u32::try_from(round)?)))
    }
}

/// The first number that stands behind `before`.
fn number_behind(text: &str, before: &str) -> Option<u64> {
    let at = memmem::find(text.as_bytes(), before.as_bytes())? + before.len();
    let rest = text.get(at..)?;
    let end = rest.find(|one: char| !one.is_ascii_digit())?;
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_its_digits_do() {
        let text = r#"{"type":"event","seq":17,"text":"@all bench round 3, tea"}"#;
        assert_eq!(number_behind(text, "\"seq\":"), Some(17));
        assert_eq!(number_behind(text, MARK), Some(3));
        assert_eq!(number_behind(text, "\"text\":"), None);
        assert_eq!(number_behind(text, "nothing"), None);
    }
}
