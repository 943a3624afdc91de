//! What is not HTTP, or too much of it: a refusal in the shape of all others, and the next connection is served.

use super::say;
use crate::plane::{Answer, Plane, request};

/// A problem document with every member, that leads to its place.
fn is_told(plane: &Plane, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let head = answer.head.to_ascii_lowercase();
    assert!(
        head.contains("content-type: application/problem+json"),
        "{head}"
    );
    assert!(head.contains("connection: close"), "{head}");
    let problem = answer.json();
    for member in ["type", "title", "detail", "instance", "fix", "doc_url"] {
        assert_ne!(
            problem[member].as_str().unwrap_or_default(),
            "",
            "{member}: {problem}"
        );
    }
    assert_eq!(
        (&problem["code"], &problem["status"]),
        (&code.into(), &status.into())
    );
    let id = problem["instance"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap();
    assert!(
        head.contains(&format!("x-request-id: {}", id.to_ascii_lowercase())),
        "{head}"
    );
    let page = request(&plane.url, "GET", "/errors", &[], None).body;
    assert!(
        page.contains(&format!("id=\"{code}\"")),
        "{code} is not explained"
    );
}

#[test]
fn a_head_that_is_not_http_is_told_so() {
    let plane = Plane::start();
    for head in [
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}",
    ] {
        is_told(&plane, &say(&plane, head), 400, "bad_request");
    }
    assert_eq!(
        request(&plane.url, "GET", "/healthz", &[], None).status,
        200
    );
}

#[test]
fn a_path_and_headers_beyond_all_measure_are_told_so() {
    let plane = Plane::start();
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(70_000));
    is_told(&plane, &say(&plane, &long), 414, "uri_too_long");
    let large = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(200_000)
    );
    is_told(&plane, &say(&plane, &large), 431, "head_too_large");
    let many = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X: a\r\n".repeat(101)
    );
    is_told(&plane, &say(&plane, &many), 431, "head_too_large");
}

#[test]
fn an_answer_before_it_on_the_same_connection_is_left_whole() {
    let plane = Plane::start();
    let both = say(
        &plane,
        "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n",
    );
    assert_eq!(both.status, 200, "{both:?}");
    assert!(
        both.body.starts_with("ok\nHTTP/1.1 400 Bad Request\r\n"),
        "{both:?}"
    );
    assert!(both.body.contains("\"code\":\"bad_request\""), "{both:?}");
}

#[test]
fn a_head_that_does_not_come_to_its_end_is_told_so() {
    let plane = Plane::start();
    let heads = [
        "GET /api/v1/agents HTTP/1.1\r\nHost: a\r\nX-Half: ",
        "POST /v1/messages HTTP/1.1\r\nHost: a\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\n",
        "PO",
    ];
    // All of them wait at the same time.
    let [control, messages, chat, nobody] = std::thread::scope(|scope| {
        let waiting = heads.map(|head| scope.spawn(|| say(&plane, head)));
        waiting.map(|answer| answer.join().unwrap())
    });
    is_told(&plane, &control, 408, "request_timeout");
    is_told(&plane, &nobody, 408, "request_timeout");
    assert_eq!(
        (messages.status, chat.status),
        (408, 408),
        "{messages:?} {chat:?}"
    );
    assert_eq!(messages.json()["type"], "error");
    assert_eq!(messages.json()["error"]["type"], "timeout_error");
    assert!(chat.json()["error"]["message"].is_string(), "{chat:?}");
    assert_eq!(
        request(&plane.url, "GET", "/healthz", &[], None).status,
        200
    );
}

#[test]
fn what_is_no_http_under_the_doors_path_is_told_in_its_shape() {
    let plane = Plane::start();
    let head = "POST /v1/messages HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n";
    let told = say(&plane, head);
    assert_eq!(told.status, 400, "{told:?}");
    assert_eq!(told.json()["error"]["type"], "invalid_request_error");
}
