//! Somebody who receives messages of a webhook and checks their signatures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use tempfile::TempDir;

/// What messages are signed with.
const SECRET: [u8; 32] = [7; 32];

/// A file with the secret, which only its owner may read.
pub(crate) struct SecretFile {
    path: PathBuf,
    _place: TempDir,
}

impl SecretFile {
    pub(crate) fn new() -> Self {
        let place = TempDir::new().unwrap();
        let path = place.path().join("webhook.secret");
        let mut options = std::fs::OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        let mut written = options.open(&path).unwrap();
        writeln!(written, "whsec_{}", STANDARD.encode(SECRET)).unwrap();
        Self {
            path,
            _place: place,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// One attempt as it came: headers in small letters, and the body.
pub(crate) struct Attempt {
    headers: String,
    pub(crate) body: Vec<u8>,
}

impl Attempt {
    /// One of the headers.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.headers.lines();
        let begins = format!("{name}: ");
        lines.find_map(|line| line.strip_prefix(&begins)).unwrap()
    }
}

/// Receives messages; the first is answered 500, the second with a redirect, all others 204.
pub(crate) fn receiver() -> (String, Receiver<Attempt>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?of=plane", listener.local_addr().unwrap());
    let (attempts, received) = channel();
    std::thread::spawn(move || {
        let answers = ["500 Oops", "302 Found\r\nlocation: http://127.0.0.1:9/"];
        let answers = answers
            .into_iter()
            .chain(std::iter::repeat("204 No Content"));
        for (stream, answer) in listener.incoming().flatten().zip(answers) {
            let attempt = take(&stream, answer).unwrap();
            if attempts.send(attempt).is_err() {
                return;
            }
        }
    });
    (url, received)
}

fn take(mut stream: &TcpStream, answer: &str) -> Option<Attempt> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
    }
    let length = head.to_ascii_lowercase();
    let length = length
        .split("content-length: ")
        .nth(1)?
        .lines()
        .next()?
        .parse()
        .ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).ok()?;
    assert!(head.starts_with("POST /hook?of=plane HTTP/1.1"), "{head}");
    Some(Attempt {
        headers: head,
        body,
    })
}

impl Attempt {
    /// Insists that it is signed with the secret.
    pub(crate) fn is_genuine(&self) {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &SECRET);
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let mut signed = format!("{id}.{at}.").into_bytes();
        signed.extend_from_slice(&self.body);
        let signature = self.header("webhook-signature");
        let signature = signature.strip_prefix("v1,").unwrap();
        let signature = STANDARD.decode(signature).unwrap();
        aws_lc_rs::hmac::verify(&key, &signed, &signature).unwrap();
        assert_eq!(self.header("content-type"), "application/json");
    }
}
