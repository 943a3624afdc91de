//! HTTP/2 upstreams under trouble: clients that stop reading, and servers that take few streams.

use super::{TlsRoots, Upstream, UpstreamBody};
use bytes::Bytes;
use http_body_util::{Full, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use portunus_testkit::{Alpn, TlsIdentity};
use std::convert::Infallible;
use std::time::Duration;

/// Answers `/big` with 40 MiB and everything else with one word.
async fn serve(identity: &TlsIdentity, max_streams: u32) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = identity.acceptor();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
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
    format!("https://localhost:{port}")
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

fn upstream(identity: &TlsIdentity) -> Upstream {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(identity.certificate().clone()).unwrap();
    let policy = UpstreamPolicy::new(PrivateUpstreams::Allowed);
    Upstream::new(&TlsRoots::with(roots), policy, Duration::from_secs(2))
}

async fn get(upstream: &Upstream, url: &str) -> http::Response<UpstreamBody> {
    let request = http::Request::get(url).body(Full::default()).unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(3), upstream.send(request));
    answer
        .await
        .expect("the request hangs behind others")
        .unwrap()
}

#[tokio::test]
async fn p1_innocent_never_punished_by_a_client_that_stops_reading() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let base = serve(&identity, 200).await;
    let upstream = upstream(&identity);
    // Nobody reads this body, as when its client has stopped reading.
    let stalled = get(&upstream, &format!("{base}/big")).await;
    assert_eq!(stalled.version(), http::Version::HTTP_2);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut other = get(&upstream, &format!("{base}/small")).await.into_body();
    let frame = tokio::time::timeout(Duration::from_secs(3), other.frame()).await;
    assert!(frame.expect("the innocent answer hangs").unwrap().is_ok());
    drop(stalled);
}

#[tokio::test]
async fn long_streams_spread_over_connections_instead_of_queueing_on_one() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let base = serve(&identity, 100).await;
    let upstream = upstream(&identity);
    let mut open = Vec::new();
    for _ in 0..300 {
        open.push(get(&upstream, &format!("{base}/big")).await);
    }
    assert!(open.iter().all(|answer| answer.status() == 200));
}
