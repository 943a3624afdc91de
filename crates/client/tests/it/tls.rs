//! Pinned certificates, over real sockets: the one server is spoken to, and no other hears a word.

use parking_lot::Mutex;
use portunus_client::{Client, Endpoint, Error, Lost, Pin};
use portunus_testkit::{Alpn, TlsIdentity};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers every request with an access token, over TLS; says what it heard.
async fn server(identity: &TlsIdentity) -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(String::new()));
    let (ears, acceptor) = (Arc::clone(&heard), identity.acceptor());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            ears.lock()
                .push_str(&String::from_utf8_lossy(&buffer[..read]));
            let body = r#"{"access_token": "eyJ.one", "token_type": "Bearer", "expires_in": 600, "refresh_in": 300, "scope": ""}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, heard)
}

fn client(port: u16, pin: Option<Pin>) -> Client {
    let endpoint: Endpoint = format!("https://localhost:{port}").parse().unwrap();
    let endpoint = match pin {
        Some(pin) => endpoint.pinned(pin).unwrap(),
        None => endpoint,
    };
    let client = Client::builder().endpoint(endpoint).token("ptna_canary");
    client.patience(Duration::ZERO).build().unwrap()
}

#[tokio::test]
async fn p11_only_the_server_with_the_pinned_certificate_hears_the_token() {
    let identity = TlsIdentity::generate(Alpn::Http1).unwrap();
    let pin = Pin::of(identity.certificate());
    let (port, heard) = server(&identity).await;
    let access = client(port, Some(pin.clone()))
        .access_token()
        .await
        .unwrap();
    assert_eq!(access.expose(), "eyJ.one");
    assert!(heard.lock().contains("canary"));

    let (port, heard) = server(&TlsIdentity::generate(Alpn::Http1).unwrap()).await;
    for pin in [Some(pin), None] {
        let error = client(port, pin).access_token().await.unwrap_err();
        let Error::Unanswered {
            lost: Lost::NotConnected(why),
            ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert!(why.contains("certificate"), "{why}");
    }
    assert_eq!(*heard.lock(), "");
}
