//! A WebSocket client that does only what it is told, right or wrong: frames as JSON, or bytes as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portunus_core::websocket::{Decoder, End, Message, Opcode, frame};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long it waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Frames are masked; with what is nobody's business here.
const MASK: [u8; 4] = [1, 2, 3, 4];

/// What came.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A frame.
    Frame(Value),
    /// The other end closed, with this code; 0 when it gave none.
    Closed(u16),
    /// The connection is gone without a goodbye.
    Gone,
}

/// See the module.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    decoder: Decoder,
    /// Whether pings are answered.
    answers: bool,
}

/// The head of an answer that opened no WebSocket.
#[derive(Debug)]
pub struct NotOpened(pub String);

impl Socket {
    /// Opens a WebSocket at `address` (host and port), with more headers.
    ///
    /// # Errors
    /// The head of the answer when that is not 101.
    pub fn open(address: &str, path: &str, headers: &[(&str, &str)]) -> Result<Self, NotOpened> {
        Self::try_open(address, path, headers)
            .unwrap_or_else(|error| Err(NotOpened(error.to_string())))
    }

    fn try_open(
        address: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Result<Self, NotOpened>> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let key = STANDARD.encode([7; 16]);
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            answer.extend(byte);
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        if !answer.starts_with("HTTP/1.1 101") {
            return Ok(Err(NotOpened(answer)));
        }
        Ok(Ok(Self {
            stream,
            decoder: Decoder::new(End::Client, 16 << 20),
            answers: true,
        }))
    }

    /// Answers no ping from now on.
    pub fn fall_silent(&mut self) {
        self.answers = false;
    }

    /// Sends a frame.
    pub fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string());
    }

    /// Sends text as one message.
    pub fn send_text(&mut self, text: &str) {
        let mut bytes = Vec::new();
        frame(Opcode::Text, text.as_bytes(), Some(MASK), &mut bytes);
        self.send_bytes(&bytes);
    }

    /// Sends bytes as they are. The other end may be gone.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// What comes next but pings.
    pub fn hear(&mut self) -> Heard {
        loop {
            match self.decoder.next_message() {
                Ok(Some(Message::Text(text))) => {
                    return Heard::Frame(serde_json::from_str(&text).unwrap_or(Value::Null));
                }
                Ok(Some(Message::Close(farewell))) => {
                    return Heard::Closed(farewell.map_or(0, |farewell| farewell.code));
                }
                Ok(Some(Message::Ping(payload))) if self.answers => {
                    let mut bytes = Vec::new();
                    frame(Opcode::Pong, &payload, Some(MASK), &mut bytes);
                    self.send_bytes(&bytes);
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    let mut chunk = [0; 4096];
                    match self.stream.read(&mut chunk) {
                        Ok(0) | Err(_) => return Heard::Gone,
                        Ok(count) => self.decoder.feed(chunk.get(..count).unwrap_or_default()),
                    }
                }
                Err(_) => return Heard::Gone,
            }
        }
    }

    /// Answers the challenge with `connect` and these members, and gives what comes next.
    pub fn connect(&mut self, members: Value) -> Heard {
        let Heard::Frame(challenge) = self.hear() else {
            return Heard::Gone;
        };
        let mut connect =
            json!({"type": "connect", "protocol": 1, "nonce": challenge.get("nonce")});
        if let (Some(connect), Value::Object(members)) = (connect.as_object_mut(), members) {
            connect.extend(members);
        }
        self.send(&connect);
        self.hear()
    }

    /// The first frame that `is_it` takes; the others are passed over. `None` when the other end closes before.
    pub fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Option<Value> {
        loop {
            match self.hear() {
                Heard::Frame(frame) if is_it(&frame) => return Some(frame),
                Heard::Frame(_) => {}
                Heard::Closed(_) | Heard::Gone => return None,
            }
        }
    }

    /// The next event of this name.
    pub fn event(&mut self, name: &str) -> Option<Value> {
        self.until(|frame| frame.get("event").is_some_and(|event| event == name))
    }

    /// The code of the refusal that comes next, and what the connection is closed with then.
    pub fn end(&mut self) -> (String, u16) {
        let error = self.until(|frame| frame.get("type").is_some_and(|kind| kind == "error"));
        let code = error
            .as_ref()
            .and_then(|error| error.get("code"))
            .and_then(Value::as_str);
        let code = code.unwrap_or_default().to_owned();
        loop {
            match self.hear() {
                Heard::Closed(close) => return (code, close),
                Heard::Gone => return (code, 0),
                Heard::Frame(_) => {}
            }
        }
    }
}
