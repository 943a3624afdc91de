//! Alarms through the real binary: raised, told to a webhook that verifies the signature, acknowledged.

use crate::plane::{PATIENCE, Plane, request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::mpsc::{Receiver, channel};
use tempfile::TempDir;

/// One attempt as it came: headers in small letters, and the body.
struct Attempt {
    headers: String,
    body: Vec<u8>,
}

impl Attempt {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.headers.lines();
        let begins = format!("{name}: ");
        lines.find_map(|line| line.strip_prefix(&begins)).unwrap()
    }
}

/// Receives messages; the first is answered 500, the second with a redirect, all others 204.
fn receiver() -> (String, Receiver<Attempt>) {
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

#[test]
fn an_alarm_reaches_the_webhook_signed_and_is_acknowledged() {
    let (url, received) = receiver();
    let secrets = TempDir::new().unwrap();
    let file = secrets.path().join("webhook.secret");
    let secret = [7_u8; 32];
    let mut options = std::fs::OpenOptions::new();
    let mut written = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file)
        .unwrap();
    writeln!(written, "whsec_{}", STANDARD.encode(secret)).unwrap();
    let plane = Plane::start_configured(&format!(
        "[alarms]\nwebhook_url = \"{url}\"\nwebhook_secret_file = \"{}\"\n",
        file.display()
    ));
    for _ in 0..10 {
        let wrong = [("authorization", "Bearer ptna_wrong")];
        let refused = request(&plane.url, "GET", "/api/v1/whoami", &wrong, None);
        assert_eq!(refused.status, 401);
    }
    let attempts = [(); 2].map(|()| received.recv_timeout(PATIENCE).unwrap());
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
    for attempt in &attempts {
        let (id, at) = (
            attempt.header("webhook-id"),
            attempt.header("webhook-timestamp"),
        );
        let mut signed = format!("{id}.{at}.").into_bytes();
        signed.extend_from_slice(&attempt.body);
        let signature = attempt
            .header("webhook-signature")
            .strip_prefix("v1,")
            .unwrap();
        let signature = STANDARD.decode(signature).unwrap();
        aws_lc_rs::hmac::verify(&key, &signed, &signature).unwrap();
        assert_eq!(
            id,
            attempts[0].header("webhook-id"),
            "one id for all attempts"
        );
        assert_eq!(attempt.header("content-type"), "application/json");
    }
    let told: Value = serde_json::from_slice(&attempts[0].body).unwrap();
    assert_eq!(told["type"], "alarm.raised");
    assert_eq!(told["data"]["kind"], "source.penalised");
    assert_eq!(told["data"]["subject"], "127.0.0.1");
    assert!(
        !plane.log().contains("of=plane"),
        "what follows the host is not logged"
    );

    let listed = plane.run("alarms list --open").well();
    assert!(listed.out.contains("source.penalised"), "{listed:?}");
    let id = told["data"]["id"].as_str().unwrap();
    let acked = plane.run(&format!("alarms ack {id}")).well();
    assert!(acked.out.contains(id), "{acked:?}");
    assert_eq!(plane.run(&format!("alarms ack {id}")).code, 4);
    let none = plane.run("alarms ack --all").well();
    assert!(none.out.contains("No alarm is open"), "{none:?}");
}
