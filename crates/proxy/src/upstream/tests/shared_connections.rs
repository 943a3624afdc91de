//! HTTP/2 upstreams under trouble: clients that stop reading, servers that take few streams, refuse some, or go away.

use super::{TlsRoots, Upstream, ask, post, whole};
use crate::upstream::fault::SendError;
use bytes::Bytes;
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use portunus_testkit::{Alpn, TlsIdentity};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Answers `/big` with 40 MiB and everything else with one word.
async fn serve(identity: &TlsIdentity, max_streams: u32) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = identity.acceptor();
    let connections = Arc::<AtomicUsize>::default();
    let seen = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            seen.fetch_add(1, Ordering::Relaxed);
            let Ok(tls) = acceptor.clone().accept(socket).await else {
                continue;
            };
            tokio::spawn(async move {
                let service = hyper::service::service_fn(answer);
                if tls.get_ref().1.alpn_protocol() == Some(b"h2") {
                    let mut builder =
                        hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    builder.max_concurrent_streams(max_streams);
                    let _ = builder.serve_connection(TokioIo::new(tls), service).await;
                } else {
                    let builder = hyper::server::conn::http1::Builder::new();
                    let _ = builder.serve_connection(TokioIo::new(tls), service).await;
                }
            });
        }
    });
    (format!("https://localhost:{port}"), connections)
}

type Pieces =
    StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

async fn answer(
    request: http::Request<hyper::body::Incoming>,
) -> Result<http::Response<Pieces>, Infallible> {
    let count = if request.uri().path() == "/big" {
        40
    } else {
        1
    };
    let piece = Bytes::from(vec![b'x'; 1024 * 1024 / if count == 1 { 1024 } else { 1 }]);
    let pieces: Vec<_> = std::iter::repeat_n(piece, count)
        .map(|p| Ok(Frame::data(p)))
        .collect();
    Ok(http::Response::new(StreamBody::new(
        futures_util::stream::iter(pieces),
    )))
}

fn trusting(identity: &TlsIdentity) -> Upstream {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(identity.certificate().clone()).unwrap();
    super::upstream(&TlsRoots::with(roots))
}

#[tokio::test]
async fn p1_innocent_never_punished_by_a_client_that_stops_reading() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let (base, _) = serve(&identity, 200).await;
    let upstream = trusting(&identity);
    // Nobody reads this body, as when its client has stopped reading.
    let stalled = ask(&upstream, &base, "/big").await;
    assert!(stalled.body.is_shared());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut other = ask(&upstream, &base, "/small").await.body;
    let frame = tokio::time::timeout(Duration::from_secs(60), other.frame()).await;
    assert!(frame.expect("the innocent answer hangs").unwrap().is_ok());
    drop(stalled);
}

#[tokio::test]
async fn long_streams_spread_over_connections_instead_of_queueing_on_one() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let (base, _) = serve(&identity, 100).await;
    let upstream = trusting(&identity);
    let mut open = Vec::new();
    for _ in 0..300 {
        open.push(ask(&upstream, &base, "/big").await);
    }
    assert!(open.iter().all(|answer| answer.status == 200));
}

/// Many at once on an upstream that nobody has called yet.
async fn burst(alpn: Alpn, max_streams: u32, requests: usize) -> usize {
    let identity = TlsIdentity::generate(alpn).unwrap();
    let (base, connections) = serve(&identity, max_streams).await;
    let upstream = trusting(&identity);
    let asked = (0..requests).map(|_| async {
        whole(ask(&upstream, &base, "/small").await).await.unwrap();
    });
    futures_util::future::join_all(asked).await;
    connections.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_burst_on_a_cold_upstream_shares_its_handshakes() {
    assert_eq!(burst(Alpn::Both, 200, 40).await, 1);
    assert_eq!(burst(Alpn::Both, 200, 120).await, 2);
    // Whoever speaks HTTP/1.1 alone needs a connection for each request at a time, and no more.
    assert!(burst(Alpn::Http1, 200, 40).await <= 40);
}

#[tokio::test]
async fn a_server_with_few_streams_gets_more_connections_and_nobody_waits() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let (base, connections) = serve(&identity, 2).await;
    let upstream = trusting(&identity);
    let mut open = Vec::new();
    for _ in 0..30 {
        open.push(ask(&upstream, &base, "/big").await);
    }
    // Eight shared ones with two streams each, and the other fourteen requests alone.
    let connections = connections.load(Ordering::Relaxed);
    assert!((20..=24).contains(&connections), "{connections}");
}

#[tokio::test]
async fn a_handshake_that_fails_is_told_to_everybody_who_waits_for_it() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let (base, connections) = serve(&identity, 100).await;
    let upstream = super::upstream(&TlsRoots::none());
    let body = Bytes::new();
    let asked = (0..20).map(|_| post(&upstream, &base, "/small", &body));
    for answer in futures_util::future::join_all(asked).await {
        assert!(matches!(answer.err(), Some(SendError::Unreachable { .. })));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// What a server of raw HTTP/2 does with a request, by the number of the connection and of the request on it.
#[derive(Clone, Copy)]
enum Does {
    Answers,
    Refuses,
    GoesAway,
    /// Resets the stream for another reason, as one does that has begun to work.
    Cancels,
}

/// Serves raw HTTP/2 and counts the requests that it began to work on.
async fn raw(identity: &TlsIdentity, does: fn(usize, usize) -> Does) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let base = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let acceptor = identity.acceptor();
    let worked = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&worked);
    tokio::spawn(async move {
        for connection in 0.. {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(tls) = acceptor.accept(socket).await else {
                continue;
            };
            let worked = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut h2 = h2::server::handshake(tls).await.unwrap();
                let mut request = 0;
                while let Some(Ok((_, mut reply))) = h2.accept().await {
                    match does(connection, request) {
                        Does::Answers => {
                            worked.fetch_add(1, Ordering::Relaxed);
                            let answer = http::Response::new(());
                            let mut body = reply.send_response(answer, false).unwrap();
                            body.send_data(Bytes::from_static(b"done"), true).unwrap();
                        }
                        Does::Refuses => reply.send_reset(h2::Reason::REFUSED_STREAM),
                        Does::GoesAway => {
                            reply.send_reset(h2::Reason::REFUSED_STREAM);
                            h2.graceful_shutdown();
                        }
                        Does::Cancels => {
                            worked.fetch_add(1, Ordering::Relaxed);
                            reply.send_reset(h2::Reason::INTERNAL_ERROR);
                        }
                    }
                    request += 1;
                }
            });
        }
    });
    (base, worked)
}

#[tokio::test]
async fn a_refused_stream_is_sent_once_more_and_worked_on_once() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let (base, worked) = raw(&identity, |_, request| match request {
        0 => Does::Refuses,
        _ => Does::Answers,
    })
    .await;
    let upstream = trusting(&identity);
    assert_eq!(
        whole(ask(&upstream, &base, "/").await).await.unwrap(),
        b"done"
    );
    assert_eq!(worked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_server_that_goes_away_is_left_and_the_next_request_is_served() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let (base, worked) = raw(&identity, |connection, _| match connection {
        0 => Does::GoesAway,
        _ => Does::Answers,
    })
    .await;
    let upstream = trusting(&identity);
    for _ in 0..3 {
        // The first try of the first request is refused; by the second the server's goodbye may be on its way.
        let answer = post(&upstream, &base, "/", &Bytes::new()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(answer);
    }
    assert_eq!(
        whole(ask(&upstream, &base, "/").await).await.unwrap(),
        b"done"
    );
    assert!(worked.load(Ordering::Relaxed) >= 2);
}

#[tokio::test]
async fn what_may_have_been_worked_on_is_not_sent_again() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let (base, worked) = raw(&identity, |_, _| Does::Cancels).await;
    let upstream = trusting(&identity);
    let answer = post(&upstream, &base, "/", &Bytes::new()).await;
    assert!(matches!(answer.err(), Some(SendError::Broken(_))));
    assert_eq!(worked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_request_that_began_a_handshake_may_leave_before_it_ends() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let (base, connections) = serve(&identity, 100).await;
    let upstream = trusting(&identity);
    let begun = ask(&upstream, &base, "/small");
    assert!(
        tokio::time::timeout(Duration::from_micros(1), begun)
            .await
            .is_err()
    );
    whole(ask(&upstream, &base, "/small").await).await.unwrap();
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}
