//! HTTP/1.1 upstreams, written byte by byte: which connections are used again, which requests are sent again, and where
//! an answer ends.

use super::super::TlsRoots;
use super::super::Upstream;
use super::{ask, post, upstream, whole};
use crate::upstream::fault::SendError;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a server says to one request, by the number of its connection and of the request on it.
type Says = fn(usize, usize) -> Reply;

/// What a server does with a request that it has read.
#[derive(Clone, Copy)]
struct Reply {
    text: &'static str,
    /// After how many bytes it pauses; 0 writes all at once.
    cut: usize,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    Waits,
    Closes,
    /// Closes without a word, some time after the answer.
    ClosesLater,
    /// Says something that nobody asked for, some time after the answer.
    Babbles,
}

const OK: Reply = Reply {
    text: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    cut: 0,
    then: Then::Waits,
};

/// A server that reads requests whole and counts them.
struct Server {
    base: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(says: Says) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (connections, requests) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (seen, counted) = (Arc::clone(&connections), Arc::clone(&requests));
        tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                seen.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, number, says, Arc::clone(&counted)));
            }
        });
        Self {
            base,
            connections,
            requests,
        }
    }

    fn seen(&self) -> (usize, usize) {
        let load = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        (load(&self.connections), load(&self.requests))
    }
}

async fn converse(mut stream: TcpStream, number: usize, says: Says, requests: Arc<AtomicUsize>) {
    for request in 0.. {
        if !read_request(&mut stream).await {
            return;
        }
        requests.fetch_add(1, Ordering::SeqCst);
        let reply = says(number, request);
        let bytes = reply.text.as_bytes();
        let (first, rest) = bytes.split_at(if reply.cut == 0 {
            bytes.len()
        } else {
            reply.cut
        });
        stream.write_all(first).await.unwrap();
        if !rest.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let _ = stream.write_all(rest).await;
        }
        match reply.then {
            Then::Waits => {}
            Then::Closes => return,
            Then::ClosesLater => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                return;
            }
            Then::Babbles => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let _ = stream.write_all(OK.text.as_bytes()).await;
            }
        }
    }
}

/// Reads one request with its body; `false` when there is none.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    let mut room = vec![0; 64 * 1024];
    loop {
        if let Some(end) = memchr::memmem::find(&read, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
            if read.len() >= end + 4 + length.unwrap_or(0) {
                return true;
            }
        }
        match stream.read(&mut room).await {
            Ok(0) | Err(_) => return false,
            Ok(n) => read.extend_from_slice(&room[..n]),
        }
    }
}

fn plain() -> Upstream {
    upstream(&TlsRoots::none())
}

/// Time for what servers do later, and then for word of it.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(60)).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn an_answer_that_was_read_leaves_its_connection_to_the_next_request() {
    let says: [Says; 2] = [
        |_, _| OK,
        |_, request| Reply {
            cut: 19 * request,
            text: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            ..OK
        },
    ];
    for says in says {
        let server = Server::start(says).await;
        let upstream = plain();
        for _ in 0..4 {
            let answer = ask(&upstream, &server.base, "/v1/messages").await;
            assert_eq!(whole(answer).await.unwrap(), b"ok");
        }
        assert_eq!(server.seen(), (1, 4));
    }
}

#[tokio::test]
async fn connections_used_last_are_used_first() {
    let server = Server::start(|_, _| OK).await;
    let upstream = plain();
    let both = tokio::join!(
        ask(&upstream, &server.base, "/a"),
        ask(&upstream, &server.base, "/b")
    );
    whole(both.0).await.unwrap();
    whole(both.1).await.unwrap();
    for _ in 0..3 {
        whole(ask(&upstream, &server.base, "/c").await)
            .await
            .unwrap();
    }
    assert_eq!(server.seen(), (2, 5));
}

#[tokio::test]
async fn a_dropped_answer_closes_its_connection() {
    let server = Server::start(|_, _| Reply {
        text: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
        ..OK
    })
    .await;
    let upstream = plain();
    for _ in 0..3 {
        let mut body = ask(&upstream, &server.base, "/").await.body;
        assert!(body.frame().await.unwrap().is_ok());
    }
    assert_eq!(server.seen(), (3, 3));
}

#[tokio::test]
async fn a_connection_that_closed_or_spoke_while_idle_is_not_used() {
    let says: [Says; 2] = [
        |_, _| Reply {
            then: Then::ClosesLater,
            ..OK
        },
        |_, _| Reply {
            then: Then::Babbles,
            ..OK
        },
    ];
    for says in says {
        let server = Server::start(says).await;
        let upstream = plain();
        for _ in 0..3 {
            let answer = ask(&upstream, &server.base, "/").await;
            assert_eq!(whole(answer).await.unwrap(), b"ok");
            settle().await;
        }
        assert_eq!(server.seen(), (3, 3));
    }
}

#[tokio::test]
async fn an_upstream_that_closes_after_each_answer_serves_every_request() {
    let server = Server::start(|_, _| Reply {
        then: Then::Closes,
        ..OK
    })
    .await;
    let upstream = plain();
    for _ in 0..20 {
        let answer = ask(&upstream, &server.base, "/").await;
        assert_eq!(whole(answer).await.unwrap(), b"ok");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.seen(), (20, 20));
}

#[tokio::test]
async fn a_request_that_was_read_and_not_answered_is_not_sent_again() {
    // The first answer makes the connection a reused one; the second request dies on it.
    let server = Server::start(|_, request| match request {
        0 => OK,
        _ => Reply {
            text: "",
            then: Then::Closes,
            ..OK
        },
    })
    .await;
    let upstream = plain();
    whole(ask(&upstream, &server.base, "/").await)
        .await
        .unwrap();
    let answer = post(&upstream, &server.base, "/", &Bytes::from_static(b"{}")).await;
    assert!(matches!(answer.err(), Some(SendError::Broken(_))));
    settle().await;
    assert_eq!(server.seen(), (1, 2));
}

#[tokio::test]
async fn a_request_that_was_not_handed_over_whole_is_sent_again_on_a_new_connection() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let worked = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&worked);
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        assert!(read_request(&mut first).await);
        first.write_all(OK.text.as_bytes()).await.unwrap();
        // It takes the beginning of the second request, and breaks the connection.
        first.readable().await.unwrap();
        let mut little = [0; 100];
        let _ = first.read(&mut little).await;
        drop(first);
        let (mut second, _) = listener.accept().await.unwrap();
        assert!(read_request(&mut second).await);
        counted.fetch_add(1, Ordering::SeqCst);
        second.write_all(OK.text.as_bytes()).await.unwrap();
        settle().await;
    });
    let upstream = plain();
    whole(ask(&upstream, &base, "/").await).await.unwrap();
    let large = Bytes::from(vec![b'x'; 32 * 1024 * 1024]);
    let answer = post(&upstream, &base, "/", &large).await.unwrap();
    assert_eq!(whole(answer).await.unwrap(), b"ok");
    assert_eq!(worked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_is_read() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut little = [0; 100];
        stream.read_exact(&mut little).await.unwrap();
        let refusal = "HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
        stream.write_all(refusal.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
    let upstream = plain();
    let large = Bytes::from(vec![b'x'; 32 * 1024 * 1024]);
    let answer = post(&upstream, &base, "/", &large).await.unwrap();
    assert_eq!(answer.status, 413);
    assert_eq!(whole(answer).await.unwrap(), b"no");
}

#[tokio::test]
async fn an_answer_may_end_where_it_says_and_nowhere_else() {
    let cases: [(Says, Result<&[u8], ()>); 6] = [
        (
            |_, _| Reply {
                text: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
                then: Then::Closes,
                ..OK
            },
            Err(()),
        ),
        (
            |_, _| Reply {
                text: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
                then: Then::Closes,
                ..OK
            },
            Err(()),
        ),
        (
            |_, _| Reply {
                text: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
                then: Then::Closes,
                ..OK
            },
            Err(()),
        ),
        (
            |_, _| Reply {
                text: "HTTP/1.1 200 OK\r\n\r\nuntil the end",
                then: Then::Closes,
                ..OK
            },
            Ok(b"until the end"),
        ),
        (
            |_, _| Reply {
                text: "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
                ..OK
            },
            Ok(b"ok"),
        ),
        (
            |_, _| Reply {
                text: "HTTP/1.1 204 No Content\r\n\r\n",
                ..OK
            },
            Ok(b""),
        ),
    ];
    for (number, (says, expected)) in cases.into_iter().enumerate() {
        let server = Server::start(says).await;
        let answer = ask(&plain(), &server.base, "/").await;
        let read = whole(answer).await;
        assert_eq!(read.as_deref().map_err(|_| ()), expected, "case {number}");
    }
}

#[tokio::test]
async fn bytes_behind_an_answer_are_nobodys_answer() {
    let server = Server::start(|_, _| Reply {
        text: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        ..OK
    })
    .await;
    let upstream = plain();
    for _ in 0..3 {
        let answer = ask(&upstream, &server.base, "/").await;
        assert_eq!(whole(answer).await.unwrap(), b"ok");
    }
    assert_eq!(server.seen(), (3, 3));
}

#[tokio::test]
async fn a_base_urls_prefix_comes_first_and_its_v1_is_not_doubled() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}/proxy/v1/", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let upstream = plain();
        let _ = post(&upstream, &base, "/v1/messages?beta=true", &Bytes::new()).await;
    });
    let (mut stream, address) = listener.accept().await.unwrap();
    let mut room = vec![0; 1024];
    let n = stream.read(&mut room).await.unwrap();
    let head = String::from_utf8_lossy(&room[..n]).into_owned();
    let host = listener.local_addr().unwrap();
    let expected = format!(
        "POST /proxy/v1/messages?beta=true HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer sk-test\r\ncontent-length: 0\r\n\r\n"
    );
    assert_eq!(head, expected, "{address}");
    drop(stream);
    asked.await.unwrap();
}

#[tokio::test]
async fn addresses_that_are_not_allowed_are_not_called() {
    let server = Server::start(|_, _| OK).await;
    let policy = portunus_app::upstream_policy::UpstreamPolicy::new(
        portunus_app::upstream_policy::PrivateUpstreams::Refused,
    );
    let upstream = Upstream::new(&TlsRoots::none(), policy, Duration::from_secs(2));
    let port = server.base.rsplit(':').next().unwrap();
    for base in [
        server.base.clone(),
        format!("http://localhost:{port}"),
        format!("https://localhost:{port}"),
        format!("http://[::1]:{port}"),
        "http://169.254.169.254".to_owned(),
    ] {
        let error = post(&upstream, &base, "/", &Bytes::new()).await.err();
        assert!(matches!(error, Some(SendError::AddressRefused)), "{base}");
    }
    assert_eq!(server.seen(), (0, 0));
}

#[tokio::test]
async fn who_does_not_listen_is_a_failed_connection() {
    let upstream = plain();
    let error = post(&upstream, "http://127.0.0.1:9", "/", &Bytes::new())
        .await
        .err();
    assert!(matches!(error, Some(SendError::Unreachable { .. })));
}
