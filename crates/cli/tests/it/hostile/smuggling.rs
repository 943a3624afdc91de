//! Requests whose end or whose host two parsers could read differently. Behind each one lies a second request: it is never
//! answered where the first one's end is in doubt, and the provider sees none of either.

use super::stage::{BODY, Stage};
use portunus_testkit::FakeProvider;

/// What a smuggler would like to be taken for a request.
const BEHIND: &str = "GET /behind HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

impl Stage {
    /// A model call with these header lines and this body, for both parts of the plane, and another request behind it.
    fn calls(&self, fields: &str, body: &str) -> [String; 2] {
        ["/v1/messages", "/api/v1/agents"].map(|path| {
            let token = &self.token;
            format!(
                "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: application/json\r\n{fields}\r\n\r\n{body}{BEHIND}"
            )
        })
    }

    /// Each is refused with 400, and nothing behind it is read.
    fn are_refused(&self, cases: Vec<(String, String)>) {
        for (name, heard) in self.say(cases) {
            assert_eq!(heard.statuses(), [400], "{name:?}: {heard:?}");
            assert!(heard.closed, "{name:?}: {heard:?}");
            let told = heard.text.contains("\"code\":\"bad_request\"")
                || heard.text.contains("\"type\":\"invalid_request_error\"");
            assert!(told, "{name:?}: {heard:?}");
        }
        assert!(self.provider.seen().is_empty());
    }
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

fn length() -> usize {
    BODY.len()
}

#[test]
fn a_body_without_tricks_ends_where_it_says() {
    let stage = Stage::open();
    let plain = format!("Content-Length: {}", length());
    let same = format!("{plain}\r\nContent-Length: {}", length());
    for (name, fields, body) in [
        ("a length", plain.as_str(), BODY.to_owned()),
        ("the same length twice", &same, BODY.to_owned()),
    ] {
        let [call, _] = stage.calls(fields, &body);
        for (_, heard) in stage.say(vec![(name.to_owned(), call)]) {
            assert_eq!(heard.statuses(), [200, 404], "{name}: {heard:?}");
        }
    }
    for seen in stage.provider.seen() {
        assert_eq!(seen.body, BODY);
        assert_eq!(seen.header("content-length"), length().to_string());
        assert_eq!(seen.header("transfer-encoding"), "");
    }
}

#[test]
fn nothing_behind_chunks_is_a_request() {
    let stage = Stage::open();
    let te = "Transfer-Encoding: chunked";
    let mut cases = Vec::new();
    for fields in [te, "TRANSFER-ENCODING:\tChunked "] {
        for body in [
            chunked(BODY),
            chunked(BODY).replacen("\r\n", " \r\n", 1),
            chunked(BODY).replacen("\r\n", ";a=b\r\n", 1),
            chunked(BODY).replace("0\r\n\r\n", "0\r\n\n"),
        ] {
            let [call, _] = stage.calls(fields, &body);
            cases.push((format!("{fields} {body}"), call));
        }
    }
    for (name, heard) in stage.say(cases) {
        assert_eq!(heard.statuses(), [200], "{name:?}: {heard:?}");
        assert!(heard.closed, "{name:?}");
    }
    assert!(stage.provider.seen().iter().all(|seen| seen.body == BODY));
}

#[test]
fn a_length_beside_a_coding_is_refused() {
    let stage = Stage::open();
    let te = "Transfer-Encoding: chunked";
    let mut cases = Vec::new();
    for cl in [0, 6, length()] {
        for fields in [
            format!("Content-Length: {cl}\r\n{te}"),
            format!("{te}\r\nContent-Length: {cl}"),
            format!("content-length:{cl}\r\nX: y\r\nTRANSFER-ENCODING:\tchunked"),
        ] {
            for call in stage.calls(&fields, &chunked(BODY)) {
                cases.push((fields.clone(), call));
            }
        }
    }
    stage.are_refused(cases);
}

#[test]
fn a_coding_that_is_not_plainly_chunked_is_refused() {
    let stage = Stage::open();
    let mut cases = Vec::new();
    for fields in [
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding:",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: chun\0ked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        "Transfer-Encoding:\r\n chunked",
        "X: y\rTransfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\nX: y",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    ] {
        for call in stage.calls(fields, &chunked(BODY)) {
            cases.push((fields.to_owned(), call));
        }
    }
    for call in stage.calls("Transfer-Encoding: chunked", &chunked(BODY)) {
        cases.push(("1.0".into(), call.replacen("HTTP/1.1", "HTTP/1.0", 1)));
    }
    stage.are_refused(cases);
}

#[test]
fn a_length_that_is_no_plain_number_is_refused() {
    let stage = Stage::open();
    let length = length();
    let mut cases = Vec::new();
    for value in [
        format!("+{length}"),
        format!("-{length}"),
        format!("{length}, {length}"),
        format!("{length}, 0"),
        format!("{length}.0"),
        format!("{length} 0"),
        format!("{length}e0"),
        format!("0x{length:x}"),
        format!("{length}_"),
        format!("\"{length}\""),
        format!("{length};"),
        String::new(),
        "99999999999999999999999".into(),
        "\u{b2}".into(),
        format!("{length}\r\nContent-Length: 0"),
        format!("0\r\nContent-Length: {length}"),
        format!("{length}\nContent-Length: 0"),
        format!("{length}\rContent-Length: 0"),
        format!("\r\n {length}"),
        format!("{length}\r\nContent-Length : 0"),
    ] {
        for call in stage.calls(&format!("Content-Length: {value}"), BODY) {
            cases.push((value.clone(), call));
        }
    }
    stage.are_refused(cases);
}

#[test]
fn a_chunk_that_is_not_framed_to_the_letter_is_refused() {
    let stage = Stage::open();
    let size = format!("{:x}", length());
    let end = "0\r\n\r\n";
    let mut cases = Vec::new();
    for body in [
        format!("0x{size}\r\n{BODY}\r\n{end}"),
        format!("+{size}\r\n{BODY}\r\n{end}"),
        format!("-{size}\r\n{BODY}\r\n{end}"),
        format!(" {size}\r\n{BODY}\r\n{end}"),
        format!("{size}_\r\n{BODY}\r\n{end}"),
        format!("1000000000000000{size}\r\n{BODY}\r\n{end}"),
        format!("fffffffffffffffff\r\n{BODY}\r\n{end}"),
        format!("\r\n{BODY}\r\n{end}"),
        format!("{size}\n{BODY}\r\n{end}"),
        format!("{size}\r{BODY}\r\n{end}"),
        format!("{size}\r\n{BODY}\n{end}"),
        format!("{size}\r\n{BODY}{end}"),
        format!("{size}\r\n{BODY}xx{end}"),
        format!("{size}\r\n{BODY}\r\n0\n\n"),
        format!("{size};a\nb\r\n{BODY}\r\n{end}"),
        format!("{size};a\rb\r\n{BODY}\r\n{end}"),
        format!("{size};{}\r\n{BODY}\r\n{end}", "a".repeat(40_000)),
        format!("{size}\r\n{BODY}\r\n0\r\nA: {}\r\n\r\n", "a".repeat(40_000)),
        format!("{size}\r\n{BODY}\r\n0\r\n{}\r\n", "A: b\r\n".repeat(200)),
        format!("{size}\r\n{BODY}\r\n0\r\nA : b\r\n\r\n"),
        format!("{size}\r\n{BODY}\r\n0\r\nA: \0\r\n\r\n"),
    ] {
        let [call, _] = stage.calls("Transfer-Encoding: chunked", &body);
        cases.push((body, call));
    }
    stage.are_refused(cases);
}

#[test]
fn what_trails_the_chunks_becomes_no_header() {
    let stage = Stage::open();
    let trailers = "0\r\nContent-Length: 3\r\nHost: b\r\nx-api-key: sk-mine\r\n\r\n";
    let body = chunked(BODY).replacen("0\r\n\r\n", trailers, 1);
    let [call, _] = stage.calls("Trailer: x-api-key\r\nTransfer-Encoding: chunked", &body);
    for (_, heard) in stage.say(vec![("trailers".into(), call)]) {
        assert_eq!(heard.statuses(), [200], "{heard:?}");
    }
    let seen = stage.provider.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].body, BODY);
    assert_eq!(seen[0].key.as_deref(), Some("sk-ant-api03-a"));
    assert_eq!(seen[0].header("trailer"), "");
}

#[test]
fn a_head_that_is_not_written_to_the_letter_is_refused() {
    let stage = Stage::open();
    let cl = format!("Content-Length: {}", length());
    let mut cases = Vec::new();
    for field in [
        "A: b\nC: d",
        "A: b\rC: d",
        "A: b\r\n c",
        "A: b\r\n\tc",
        " A: b",
        "A : b",
        "A\t: b",
        "A",
        ": b",
        "A: \0",
        "A\0: b",
        "A: \u{7f}",
        "A(): b",
        "\u{e4}: b",
        "A: b\n",
        "A: b\n\nGET /behind HTTP/1.1\r\nHost: a",
    ] {
        for call in stage.calls(&format!("{field}\r\n{cl}"), BODY) {
            cases.push((field.to_owned(), call));
        }
    }
    let [call, _] = stage.calls(&cl, BODY);
    for (from, to) in [
        ("POST /v1/messages", "POST  /v1/messages"),
        ("POST /v1/messages", "POST\t/v1/messages"),
        ("POST /v1/messages", "POST /v1/messages\t"),
        ("POST /v1/messages", "POST /v1/messages x"),
        ("POST /v1/messages", "POST /v1/mess\0ages"),
        ("POST /v1/messages", "POST /v1/messages\u{ff}"),
        ("POST /v1/messages", "POST /v1/messages\n"),
        ("POST /v1/messages", "PO\u{0}ST /v1/messages"),
        ("POST /v1/messages", " POST /v1/messages"),
        ("HTTP/1.1", "HTTP/1.2"),
        ("HTTP/1.1", "HTTP/2.0"),
        ("HTTP/1.1", "HTTP/1.1 "),
        ("HTTP/1.1", "http/1.1"),
        ("HTTP/1.1", ""),
        ("HTTP/1.1\r\n", "HTTP/1.1\n"),
        ("HTTP/1.1\r\n", "HTTP/1.1\r"),
        ("\r\n\r\n", "\n\n"),
        ("\r\n\r\n", "\n\r\n"),
        ("\r\n\r\n", "\r\n\n"),
    ] {
        cases.push((format!("{to:?}"), call.replacen(from, to, 1)));
    }
    cases.push(("LF alone".into(), call.replace("\r\n", "\n")));
    stage.are_refused(cases);
}

#[test]
fn no_byte_of_a_head_may_come_late_and_bare() {
    let stage = Stage::open();
    let [call, _] = stage.calls(&format!("Content-Length: {}\nX: y", length()), BODY);
    let at = call.find("\nX").unwrap();
    let (address, (first, rest)) = (
        stage.plane.url.trim_start_matches("http://"),
        call.split_at(at),
    );
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    for part in [first, rest] {
        std::io::Write::write_all(&mut socket, part.as_bytes()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let mut text = String::new();
    std::io::Read::read_to_string(&mut socket, &mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");
    assert_eq!(text.matches("HTTP/1.1 4").count(), 1, "{text}");
}

/// The first answer is a 400 of the plane's own; the request has an end, so the one behind it is another request.
#[test]
fn a_host_that_is_not_one_is_refused() {
    let stage = Stage::open();
    let mut cases = Vec::new();
    for call in stage.calls(&format!("Content-Length: {}", length()), BODY) {
        let path = call.split(' ').nth(1).unwrap().to_owned();
        for (from, to) in [
            ("Host: a\r\n", "".to_owned()),
            ("Host: a\r\n", "Host: a\r\nHost: a\r\n".into()),
            ("Host: a\r\n", "Host: a\r\nhOST: b\r\n".into()),
            ("Host: a\r\n", "Host: a, b\r\n".into()),
            ("Host: a\r\n", "Host: a b\r\n".into()),
            ("Host: a\r\n", "Host: x@a\r\n".into()),
            ("Host: a\r\n", "Host: a/v1\r\n".into()),
            ("Host: a\r\n", "Host: a?x\r\n".into()),
            (path.as_str(), format!("http://b{path}")),
            (path.as_str(), format!("http://169.254.169.254{path}")),
            (path.as_str(), format!("http://x@a{path}")),
        ] {
            cases.push((format!("{to} {path}"), call.replacen(from, &to, 1)));
        }
    }
    for (name, heard) in stage.say(cases) {
        assert_eq!(heard.statuses(), [400, 404], "{name:?}: {heard:?}");
    }
    assert!(stage.provider.seen().is_empty());
}

#[test]
fn the_plane_is_no_forward_proxy() {
    let elsewhere = FakeProvider::start().unwrap();
    let stage = Stage::open();
    let there = elsewhere.base_url();
    let authority = there.trim_start_matches("http://");
    let tunnel =
        format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    let fetch =
        format!("GET {there}/healthz HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    let [call, _] = stage.calls(&format!("Content-Length: {}", length()), BODY);
    let call = call.replace("Host: a\r\n", &format!("Host: {authority}\r\n"));
    let call = call.replacen("/v1/messages", &format!("{there}/v1/messages"), 1);
    for (text, expected) in [(tunnel, 404), (fetch, 200), (call, 200)] {
        for (text, heard) in stage.say(vec![(text.clone(), text)]) {
            assert_eq!(heard.status(), expected, "{text}: {heard:?}");
        }
    }
    assert!(elsewhere.seen().is_empty());
    assert_eq!(stage.provider.seen().len(), 1, "its own provider is asked");
}

#[test]
fn a_field_that_steers_comes_once_however_its_name_is_written() {
    let stage = Stage::open();
    for (first, second) in [
        (r#""model":"a""#, r#""model":"b""#),
        (r#""model":"a""#, r#""\u006dodel":"b""#),
        (r#""\u006Dodel":"a""#, r#""mode\u006c":"b""#),
        (r#""model":"a","stream":false"#, r#""stream":true"#),
        (r#""model":"a","stream":false"#, r#""str\u0065am":true"#),
    ] {
        let refused = stage.call(&format!("{{{first},{second},\"messages\":[]}}"));
        assert_eq!(refused.status, 400, "{second}: {refused:?}");
    }
    assert!(stage.provider.seen().is_empty());
}
