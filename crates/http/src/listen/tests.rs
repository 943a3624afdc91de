//! The listener against raw sockets: what it waits for, and what it does not.

use super::{Drained, Patience, Request, Serve, Stop, serve};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers 200 with the length of the body, where it came from at `/peer`, 408 when it stopped arriving, and `/slow` when it
/// is let go.
#[derive(Clone, Default)]
struct Counting {
    slow: Arc<Slow>,
}

/// Requests to `/slow`.
#[derive(Default)]
struct Slow {
    begun: Notify,
    let_go: Notify,
}

impl Serve for Counting {
    type Body = Full<Bytes>;
    type BodyError = std::convert::Infallible;

    async fn serve(&self, request: Request, peer: IpAddr) -> Response<Full<Bytes>> {
        if request.uri().path() == "/peer" {
            return Response::new(Full::from(peer.to_string()));
        }
        if request.uri().path() == "/slow" {
            self.slow.begun.notify_one();
            self.slow.let_go.notified().await;
        }
        if request.uri().path() == "/refuse" {
            let mut response = Response::new(Full::from("too large"));
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            return response;
        }
        let (status, text) = match request.into_body().collect().await {
            Ok(body) => (StatusCode::OK, body.to_bytes().len().to_string()),
            Err(error) => (StatusCode::REQUEST_TIMEOUT, error.to_string()),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response
    }

    fn unreadable(&self, status: StatusCode, beginning: &[u8]) -> Option<Response<Bytes>> {
        let late = status == StatusCode::REQUEST_TIMEOUT;
        let mut response = Response::new(Bytes::copy_from_slice(beginning));
        *response.status_mut() = status;
        late.then_some(response)
    }
}

struct Listening {
    address: std::net::SocketAddr,
    stop: Stop,
    done: JoinHandle<Drained>,
    slow: Arc<Slow>,
}

async fn listening(patience: Patience) -> Listening {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::default();
    let counting = Counting::default();
    let slow = Arc::clone(&counting.slow);
    let make = move || counting.clone();
    let serving = serve(listener, 2, patience, make, stop.clone(), || PATIENCE).unwrap();
    Listening {
        address,
        stop,
        done: tokio::spawn(serving),
        slow,
    }
}

/// Brief enough for tests, and long enough for a busy machine to do at once what is done at once.
fn brief() -> Patience {
    Patience {
        headers: Duration::from_secs(1),
        idle: Duration::from_secs(4),
        body: Duration::from_millis(500),
        whole_body: Duration::from_secs(1),
        write: Duration::from_secs(5),
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await;
    String::from_utf8_lossy(&text).into_owned()
}

async fn read_some(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let read = stream.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

#[tokio::test]
async fn half_sent_headers_are_told_so_and_closed() {
    let plane = listening(brief()).await;
    for beginning in ["", "G", "GET / HTTP/1.1\r\nHost: a\r\nX-Half: "] {
        let mut stream = TcpStream::connect(plane.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let told = read_to_end(&mut stream).await;
        if beginning.is_empty() {
            assert_eq!(told, "", "who sends nothing is told nothing");
        } else {
            assert!(
                told.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
                "{told}"
            );
            assert!(told.ends_with(&format!("\r\n\r\n{beginning}")), "{told}");
        }
    }
}

#[tokio::test]
async fn the_second_head_of_a_connection_is_told_too_and_silence_is_not() {
    let plane = listening(brief()).await;
    let whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (half, ends) in [("", "\r\n\r\n0"), ("GET /second", "\r\n\r\nGET /second")] {
        let mut stream = TcpStream::connect(plane.address).await.unwrap();
        stream.write_all(whole.as_bytes()).await.unwrap();
        assert!(read_some(&mut stream).await.ends_with("\r\n\r\n0"));
        stream.write_all(half.as_bytes()).await.unwrap();
        let told = read_to_end(&mut stream).await;
        assert_eq!(told.is_empty(), half.is_empty(), "{told}");
        assert!(told.is_empty() || told.ends_with(ends), "{told}");
    }
}

#[tokio::test]
async fn a_request_comes_with_the_address_of_its_connection() {
    let plane = listening(brief()).await;
    let mut stream = TcpStream::connect(plane.address).await.unwrap();
    let request = b"GET /peer HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let answer = read_some(&mut stream).await;
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn a_body_with_a_length_and_a_coding_is_refused() {
    let plane = listening(Patience::default()).await;
    for fields in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "transfer-encoding: chunked\r\nAccept: a\r\ncontent-length: 3",
    ] {
        let mut stream = TcpStream::connect(plane.address).await.unwrap();
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{fields}: {answer}");
    }
}

#[tokio::test]
async fn trickling_headers_do_not_extend_their_time() {
    let plane = listening(brief()).await;
    let mut stream = TcpStream::connect(plane.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let began = Instant::now();
    while stream.write_all(b"a: b\r\n").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_quiet_connection_outlives_the_time_for_headers() {
    let plane = listening(brief()).await;
    let mut stream = TcpStream::connect(plane.address).await.unwrap();
    for _ in 0..3 {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        assert!(read_some(&mut stream).await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
}

#[tokio::test]
async fn a_body_that_stops_is_given_up() {
    let plane = listening(brief()).await;
    let mut stream = TcpStream::connect(plane.address).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc";
    stream.write_all(head).await.unwrap();
    assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn a_body_that_only_trickles_is_given_up_too() {
    let plane = listening(brief()).await;
    let mut stream = TcpStream::connect(plane.address).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let trickle = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let mut beginning = [0; 12];
    let answered = tokio::time::timeout(PATIENCE, read.read_exact(&mut beginning));
    answered.await.unwrap().unwrap();
    assert_eq!(&beginning, b"HTTP/1.1 408");
    trickle.abort();
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_body_is_read_and_not_reset() {
    let plane = listening(Patience::default()).await;
    let mut stream = TcpStream::connect(plane.address).await.unwrap();
    let head = b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n";
    stream.write_all(head).await.unwrap();
    stream.write_all(&vec![b'x'; 600_000]).await.unwrap();
    assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_body_says_whether_another_may_follow() {
    let plane = listening(Patience::default()).await;
    for (there, length) in [(10, 10), (5_000, 5_000), (0, 10), (5, 10), (9, 600_000)] {
        let mut stream = TcpStream::connect(plane.address).await.unwrap();
        let head = format!("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        let sent = head + &"x".repeat(there);
        stream.write_all(sent.as_bytes()).await.unwrap();
        let refused = read_some(&mut stream).await;
        assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
        let closes = refused.contains("\r\nconnection: close\r\n");
        assert_eq!(closes, there < length, "{there} of {length}: {refused}");
        let rest = "x".repeat(length - there) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        // Whoever was told may find it closed already.
        let sent = stream.write_all(rest.as_bytes()).await;
        assert!(closes || sent.is_ok());
        let next = match closes {
            true => read_to_end(&mut stream).await,
            false => read_some(&mut stream).await,
        };
        assert_eq!(next.starts_with("HTTP/1.1 200"), !closes, "{next}");
    }
}

#[tokio::test]
async fn draining_finishes_what_is_under_way_and_says_so() {
    let plane = listening(Patience::default()).await;
    let mut busy = TcpStream::connect(plane.address).await.unwrap();
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut quiet = TcpStream::connect(plane.address).await.unwrap();
    quiet
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert!(read_some(&mut quiet).await.starts_with("HTTP/1.1 200"));
    plane.slow.begun.notified().await;
    plane.stop.drain.cancel();
    let mut late = TcpStream::connect(plane.address).await.unwrap();
    late.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert!(read_to_end(&mut late).await.starts_with("HTTP/1.1 200"));
    plane.slow.let_go.notify_one();
    assert!(read_to_end(&mut busy).await.starts_with("HTTP/1.1 200"));
    assert_eq!(plane.done.await.unwrap(), Drained::Finished);
}
