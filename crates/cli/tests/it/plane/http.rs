//! Requests as bytes on a socket, so that a test can send what no well-behaved client would.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A status, headers as they came, and the whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// One request on a connection of its own.
pub(crate) fn request(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Answer {
    stream(url, method, path, headers, body).answer()
}

/// Any bytes on a connection of their own, and what is answered until it ends.
pub(crate) fn exchange(url: &str, bytes: &[u8]) -> Answer {
    let mut stream = Stream::connect(url);
    // Whoever sends too much may be hung up on before the end.
    let _ = stream.socket.write_all(bytes);
    stream.answer()
}

fn status(head: &str) -> u16 {
    let word = head.split(' ').nth(1);
    word.and_then(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("no status: {head:?}"))
}

fn unchunked(head: &str, body: &str) -> String {
    if !head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked")
    {
        return body.to_owned();
    }
    let mut rest = body;
    let mut whole = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || after.len() < size {
            break;
        }
        whole.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
    }
    whole
}

/// An answer that is read while it comes.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: TcpStream,
    pub(crate) received: Vec<u8>,
}

/// Sends a request and leaves the answer on the socket.
pub(crate) fn stream(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Stream {
    let address = url.trim_start_matches("http://");
    let mut stream = Stream::connect(url);
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        let length = body.len();
        text.push_str("content-type: application/json\r\n");
        text.push_str(&format!("content-length: {length}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    stream.socket.write_all(text.as_bytes()).unwrap();
    stream
}

impl Stream {
    fn connect(url: &str) -> Self {
        let socket = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        let patience = Some(Duration::from_millis(50));
        socket.set_read_timeout(patience).unwrap();
        Self {
            socket,
            received: Vec::new(),
        }
    }

    /// Reads to the end and takes what came for one answer.
    fn answer(mut self) -> Answer {
        self.read_to_end();
        let text = self.text();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Answer {
            status: status(head),
            head: head.to_owned(),
            body: unchunked(head, body),
        }
    }

    /// Reads what is there; answers whether more may come.
    fn read_some(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        match self.socket.read(&mut piece) {
            Ok(0) => false,
            Ok(read) => {
                self.received.extend_from_slice(&piece[..read]);
                true
            }
            Err(error) => matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            ),
        }
    }

    /// Reads until the connection ends and answers how long that took.
    pub(crate) fn read_to_end(&mut self) -> Duration {
        let began = Instant::now();
        while self.read_some() {
            assert!(began.elapsed() < super::PATIENCE, "the answer does not end");
        }
        began.elapsed()
    }

    /// Reads until `text` has come.
    pub(crate) fn read_until(&mut self, text: &str) {
        let began = Instant::now();
        while !self.text().contains(text) {
            assert!(self.read_some(), "ended without {text:?}: {}", self.text());
            assert!(
                began.elapsed() < super::PATIENCE,
                "no {text:?}: {}",
                self.text()
            );
        }
    }

    /// What has come so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}
