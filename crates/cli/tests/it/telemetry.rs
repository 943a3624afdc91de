//! Traces and metrics reach a collector over a real socket, and a collector that is away is in nobody's way.

use crate::plane::{PATIENCE, Plane, request};
use portunus_testkit::FakeProvider;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

const BODY: &str =
    r#"{"model":"claude-sonnet-4-5","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;

/// One message as it came: path, headers, body.
struct Message {
    path: String,
    headers: String,
    body: Value,
}

/// Listens as a collector would, and passes every message on.
fn collector() -> (String, Receiver<Message>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (messages, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let messages = messages.clone();
            std::thread::spawn(move || while take(&stream, &messages).is_some() {});
        }
    });
    (url, received)
}

/// Reads one message and answers it; `None` when the connection is over.
fn take(stream: &TcpStream, messages: &Sender<Message>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") && headers != "\r\n" {
        reader.read_line(&mut headers).ok()?;
    }
    let headers = headers.to_ascii_lowercase();
    let length = headers.split("content-length: ").nth(1)?;
    let length = length.split("\r\n").next()?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let message = Message {
        path: first.split(' ').nth(1)?.to_owned(),
        headers,
        body: serde_json::from_slice(&body).ok()?,
    };
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let mut stream = stream;
    stream.write_all(answer.as_bytes()).ok()?;
    messages.send(message).ok()
}

/// The next message for `path`.
fn next(received: &Receiver<Message>, path: &str) -> Message {
    loop {
        let message = received.recv_timeout(PATIENCE).unwrap();
        if message.path == path {
            return message;
        }
    }
}

/// A plane that exports to `url`, with a key and an agent's token.
fn exporting(url: &str) -> (Plane, FakeProvider, String) {
    let provider = FakeProvider::start().unwrap();
    let text = format!("[telemetry]\notlp_endpoint = \"{url}/prefix/\"\n");
    let plane = Plane::start_configured(&text);
    plane.add_key("anthropic", "a", "sk-a", &provider.base_url());
    let token = plane.create_agent("mayor");
    (plane, provider, token)
}

fn ask(plane: &Plane, token: &str, traceparent: &str) {
    let headers = [("x-api-key", token), ("traceparent", traceparent)];
    let answer = request(&plane.url, "POST", "/v1/messages", &headers, Some(BODY));
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn attribute<'a>(of: &'a Value, key: &str) -> &'a Value {
    let attributes = of["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    found.map_or(&Value::Null, |found| &found["value"])
}

#[test]
fn a_request_is_seen_by_the_collector_within_its_clients_trace() {
    let (url, received) = collector();
    let (mut plane, _provider, token) = exporting(&url);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    ask(&plane, &token, &format!("00-{trace}-00f067aa0ba902b7-01"));
    let message = next(&received, "/prefix/v1/traces");
    assert!(message.headers.contains("content-type: application/json"));
    let spans = &message.body["resourceSpans"][0]["scopeSpans"][0]["spans"];
    let whole = &spans[0];
    assert_eq!(whole["traceId"], trace);
    assert_eq!(whole["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(whole["name"], "chat claude-sonnet-4-5");
    let agent = attribute(whole, "portunus.agent");
    assert_eq!(agent["stringValue"], "mayor");
    let tokens = &attribute(whole, "gen_ai.usage.output_tokens")["intValue"];
    assert!(tokens.as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(spans[1]["name"], "attempt anthropic");
    assert_eq!(spans[1]["parentSpanId"], whole["spanId"]);

    plane.signal("TERM");
    let message = next(&received, "/prefix/v1/metrics");
    let metrics = &message.body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
    let names: Vec<_> = metrics
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["name"])
        .collect();
    assert_eq!(
        names,
        [
            "gen_ai.client.token.usage",
            "gen_ai.client.operation.duration"
        ]
    );
    assert_eq!(plane.ended().code(), Some(0), "{}", plane.log());
}

#[test]
fn a_collector_that_is_away_is_in_nobodys_way() {
    // Nobody listens there.
    let (mut plane, _provider, token) = exporting("http://127.0.0.1:9");
    for _ in 0..3 {
        ask(&plane, &token, "not a trace");
    }
    plane.signal("TERM");
    assert_eq!(plane.ended().code(), Some(0), "{}", plane.log());
}
