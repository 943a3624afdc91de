//! Upstreams that cannot be reached, on real sockets: what stands in the way is told as what it is.

use super::super::TlsRoots;
use super::super::dial::{Dialer, Versions};
use super::super::fault::SendError;
use super::super::guard::Resolver;
use super::super::origin::Origin;
use super::super::unreachable::Unreachable;
use portunus_app::upstream_policy::{PrivateUpstreams, UpstreamPolicy};
use portunus_testkit::{Alpn, TlsIdentity};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const HERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// How long a connection may take where its end is no matter of time: a busy machine shakes hands slowly.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why `scheme://models.lan`, which is at `address`, cannot be reached by somebody who trusts `roots`.
async fn told(scheme: &str, address: SocketAddr, roots: &TlsRoots) -> Unreachable {
    told_within(PATIENCE, scheme, address, roots).await
}

async fn told_within(
    patience: Duration,
    scheme: &str,
    address: SocketAddr,
    roots: &TlsRoots,
) -> Unreachable {
    let resolver = Resolver::Told(Box::new(move || Ok(vec![address])));
    let base_url = format!("{scheme}://models.lan:{}", address.port());
    dialed(&base_url, roots, patience, resolver).await
}

async fn dialed(
    base_url: &str,
    roots: &TlsRoots,
    patience: Duration,
    resolver: Resolver,
) -> Unreachable {
    let policy = UpstreamPolicy::new(PrivateUpstreams::Allowed);
    let dialer = Dialer::new(roots, policy, patience).resolved_by(resolver);
    let origin = Origin::of(&base_url.parse().unwrap()).unwrap();
    match dialer.dial(&origin, Versions::All).await {
        Err(SendError::Unreachable { why, .. }) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("{base_url} was reached"),
    }
}

/// Takes connections and does this with each.
async fn server<F: Future<Output = ()> + Send + 'static>(
    does: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind(HERE).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(does(stream));
        }
    });
    address
}

#[tokio::test]
async fn nobody_who_listens_is_a_refused_connection() {
    // It keeps its port, and never listens.
    let deaf = TcpSocket::new_v4().unwrap();
    deaf.bind(HERE.into()).unwrap();
    let address = deaf.local_addr().unwrap();
    for scheme in ["http", "https"] {
        let why = told(scheme, address, &TlsRoots::none()).await;
        assert_eq!(why, Unreachable::Refused);
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    let nobody = Resolver::Told(Box::new(|| {
        Err(io::Error::other("Name or service not known"))
    }));
    let why = dialed("http://models.lan", &TlsRoots::none(), PATIENCE, nobody).await;
    assert_eq!(why, Unreachable::Unresolved);
}

#[tokio::test]
async fn a_handshake_that_hangs_is_a_matter_of_time() {
    let silent = server(|stream| async move {
        let _stream = stream;
        std::future::pending().await
    });
    let (brief, roots) = (Duration::from_millis(500), TlsRoots::none());
    let why = told_within(brief, "https", silent.await, &roots).await;
    assert_eq!(why, Unreachable::TimedOut);
}

#[tokio::test]
async fn who_closes_or_does_not_speak_tls_is_told_apart() {
    let closing = server(|stream| async move { drop(stream) }).await;
    let why = told("https", closing, &TlsRoots::none()).await;
    assert_eq!(why, Unreachable::Closed);
    let plain = server(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        std::future::pending().await
    });
    let why = told("https", plain.await, &TlsRoots::none()).await;
    assert_eq!(why, Unreachable::NotTls);
}

#[tokio::test]
async fn a_certificate_of_a_stranger_and_one_for_another_name_are_told_apart() {
    let identity = TlsIdentity::generate(Alpn::Both).unwrap();
    let acceptor = identity.acceptor();
    let secure = server(move |stream| {
        let accepting = acceptor.accept(stream);
        async move {
            let _ = accepting.await;
        }
    });
    let secure = secure.await;
    let why = told("https", secure, &TlsRoots::none()).await;
    assert_eq!(why, Unreachable::CertificateUntrusted);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(identity.certificate().clone()).unwrap();
    let why = told("https", secure, &TlsRoots::with(roots)).await;
    assert_eq!(why, Unreachable::CertificateForAnother);
}
