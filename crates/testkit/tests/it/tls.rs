//! The provider under TLS.

use portunus_testkit::{Alpn, FakeProvider, TlsIdentity};
use rustls::pki_types::ServerName;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

async fn negotiated(alpn: Alpn) -> Option<Vec<u8>> {
    let identity = TlsIdentity::generate(alpn).unwrap();
    let provider = FakeProvider::start_with_tls(&identity).unwrap();
    let address = provider.base_url().replace("https://", "");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(identity.certificate().clone()).unwrap();
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let secured = TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await;
    let (_, session) = secured.as_ref().unwrap().get_ref();
    session.alpn_protocol().map(<[u8]>::to_vec)
}

#[tokio::test]
async fn both_http_versions_are_offered_when_asked_for() {
    assert_eq!(negotiated(Alpn::Both).await.as_deref(), Some(&b"h2"[..]));
    assert_eq!(
        negotiated(Alpn::Http1).await.as_deref(),
        Some(&b"http/1.1"[..])
    );
}
