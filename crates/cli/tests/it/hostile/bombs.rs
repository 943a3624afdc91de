//! Requests that are meant to cost more than they are worth: the plane says no or does the work, its memory stays, and
//! whoever asks beside them is served.

use super::stage::{BODY, Stage};
use super::wire::say;
use portunus_testkit::Answer as Upstream;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const MIB: usize = 1024 * 1024;

/// What the plane's process has in memory, in bytes.
fn memory(stage: &Stage) -> usize {
    let path = format!("/proc/{}/status", stage.plane.pid());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<usize>().unwrap() * 1024
}

/// Connections that have said this much and say no more.
fn half_said(stage: &Stage, count: usize, text: &str) -> Vec<TcpStream> {
    let address = stage.plane.url.trim_start_matches("http://");
    (0..count)
        .map(|_| {
            let mut socket = TcpStream::connect(address).unwrap();
            socket.write_all(text.as_bytes()).unwrap();
            socket
        })
        .collect()
}

/// Calls are served in good time.
fn serves_promptly(stage: &Stage) {
    for _ in 0..10 {
        let began = Instant::now();
        stage.serves();
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn heads_that_do_not_end_stand_in_nobodys_way_and_are_given_up() {
    let stage = Stage::open();
    let before = memory(&stage);
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "a".repeat(60_000));
    let mut sockets = half_said(&stage, 200, "POST /v1/messages HTTP/1.1\r\nHost: a\r\nX-Ha");
    sockets.extend(half_said(&stage, 200, &large));
    serves_promptly(&stage);
    let grown = memory(&stage).saturating_sub(before);
    assert!(grown < 128 * MIB, "{} MiB", grown / MIB);
    // A head has nine seconds.
    let deadline = Instant::now() + Duration::from_secs(15);
    for socket in &mut sockets {
        let left = deadline.saturating_duration_since(Instant::now());
        socket
            .set_read_timeout(Some(left.max(Duration::from_millis(1))))
            .unwrap();
        let mut rest = Vec::new();
        let ended = socket.read_to_end(&mut rest);
        let is_told = ended.is_ok() && rest.starts_with(b"HTTP/1.1 408 ");
        assert!(is_told, "{}", String::from_utf8_lossy(&rest));
    }
    stage.serves();
}

#[test]
fn bodies_that_are_announced_and_do_not_come_take_no_memory() {
    let stage = Stage::open();
    let before = memory(&stage);
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: a\r\nx-api-key: {}\r\nContent-Length: {}\r\n\r\n{{",
        stage.token,
        31 * MIB
    );
    let mut sockets = half_said(&stage, 200, &head);
    for socket in &mut sockets {
        // The second piece is where room is made for the whole.
        std::thread::sleep(Duration::from_millis(2));
        socket.write_all(b" ").unwrap();
    }
    serves_promptly(&stage);
    let grown = memory(&stage).saturating_sub(before);
    assert!(grown < 128 * MIB, "{} MiB", grown / MIB);
}

#[test]
fn bodies_beyond_the_limit_are_refused_before_they_are_read() {
    let stage = Stage::open();
    let before = memory(&stage);
    for (path, limit) in [("/v1/messages", 32 * MIB), ("/api/v1/agents", MIB)] {
        let head = |framing: &str| {
            format!(
                "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\
                 Content-Type: application/json\r\n{framing}\r\n\r\n",
                if path == "/v1/messages" {
                    &stage.token
                } else {
                    &stage.plane.operator
                }
            )
        };
        let announced = head(&format!("Content-Length: {}", limit + 1));
        for announced in [announced, head("Content-Length: 18000000000000000000")] {
            let heard = say(&stage.plane.url, announced.as_bytes());
            assert_eq!(heard.statuses(), [413], "{path}: {heard:?}");
            assert!(heard.closed, "{path}");
        }
        let mut endless = head("Transfer-Encoding: chunked").into_bytes();
        let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
        while endless.len() < limit + 2 * chunk.len() {
            endless.extend_from_slice(&chunk);
        }
        let heard = say(&stage.plane.url, &endless);
        assert_eq!(heard.statuses(), [413], "{path}: {heard:?}");
    }
    stage.serves();
    let grown = memory(&stage).saturating_sub(before);
    assert!(grown < 128 * MIB, "{} MiB", grown / MIB);
}

#[test]
fn json_that_nests_without_end_is_read_without_falling() {
    let stage = Stage::open();
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(2 * MIB / open.len());
        for body in [
            deep.clone(),
            format!("{{\"model\":\"m\",\"messages\":{deep}"),
        ] {
            let refused = stage.call(&body);
            assert_eq!(refused.status, 400, "{refused:?}");
        }
        let agent = format!("{{\"name\":{}", open.repeat(MIB / 2 / open.len()));
        let operator = format!("Bearer {}", stage.plane.operator);
        let headers = [("authorization", operator.as_str())];
        let url = &stage.plane.url;
        let refused = crate::plane::request(url, "POST", "/api/v1/agents", &headers, Some(&agent));
        assert_eq!(refused.status, 400, "{refused:?}");
    }
    let closed = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let whole =
        format!("{{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":9,\"messages\":{closed}}}");
    let answer = stage.call(&whole);
    assert!(matches!(answer.status, 200 | 400), "{answer:?}");
    stage.serves();
}

#[test]
fn a_million_fields_are_read_in_one_go() {
    let stage = Stage::open();
    let before = memory(&stage);
    let fields: String = (0..1_000_000).map(|n| format!(",\"k{n}\":0")).collect();
    let body = format!("{}{fields}}}", &BODY[..BODY.len() - 1]);
    let began = Instant::now();
    let answer = stage.call(&body);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
    let few = &body[..MIB / 2];
    let agent = few.rsplit_once(',').unwrap().0.replacen("model", "name", 1) + "}";
    let answer = stage.plane.ask(
        &stage.plane.operator,
        "POST",
        "/api/v1/agents",
        Some(&serde_json::from_str(&agent).unwrap()),
    );
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.body.len() < 4_000, "{}", answer.body.len());
    let grown = memory(&stage).saturating_sub(before);
    assert!(grown < 192 * MIB, "{} MiB", grown / MIB);
    stage.serves();
}

#[test]
fn what_is_compressed_is_not_unpacked() {
    let stage = Stage::open();
    for coding in ["gzip", "br", "zstd", "deflate", "gzip, gzip", "identity"] {
        for (path, token, status) in [
            ("/v1/messages", &stage.token, 400),
            ("/api/v1/agents", &stage.plane.operator, 415),
        ] {
            let text = format!(
                "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: application/json\r\nContent-Encoding: {coding}\r\nContent-Length: 3\r\n\r\n\x1f\x08\x00"
            );
            let heard = say(&stage.plane.url, text.as_bytes());
            assert_eq!(heard.statuses(), [status], "{path} {coding}: {heard:?}");
        }
    }
    assert!(stage.provider.seen().is_empty());
}

#[test]
fn an_answer_that_unpacks_to_a_gigabyte_is_not_unpacked() {
    let stage = Stage::open();
    let before = memory(&stage);
    let bomb = Upstream::gzip_bomb(1024 * 1024 * 1024);
    stage.provider.anyone().always(bomb);
    let answer = stage.call(BODY);
    assert_eq!(answer.status, 502, "{answer:?}");
    let grown = memory(&stage).saturating_sub(before);
    assert!(grown < 64 * MIB, "{} MiB", grown / MIB);
}

#[test]
fn a_long_path_and_query_are_told_in_few_words() {
    let stage = Stage::open();
    for target in [
        format!("/v1/{}", "a".repeat(60_000)),
        format!("/v1/messages?{}", "a=b&".repeat(15_000)),
        format!("/api/v1/agents/{}", "%61".repeat(20_000)),
        format!("/api/v1/agents?{}", "limit=1&".repeat(7_000)),
    ] {
        let text = format!(
            "GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            if target.starts_with("/v1") {
                &stage.token
            } else {
                &stage.plane.operator
            }
        );
        let heard = say(&stage.plane.url, text.as_bytes());
        let beginning = &target[..30];
        assert!(
            matches!(heard.status(), 400 | 404 | 405),
            "{beginning}: {heard:?}"
        );
        assert!(
            heard.text.len() < 4_000,
            "{beginning}: {}",
            heard.text.len()
        );
    }
}
