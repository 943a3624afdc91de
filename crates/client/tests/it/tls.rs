//! Pinned certificates, over real sockets: the one server is spoken to, and no other hears a word.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use parking_lot::Mutex;
use portunus_client::{Bearer, Client, Endpoint, Error, Lost, Pin};
use portunus_core::secret::Secret;
use portunus_testkit::{Alpn, TlsIdentity};
use std::sync::Arc;
use std::time::{Duration, Instant};
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

fn client(port: u16, pin: Option<Pin>, patience: Duration) -> Client {
    let endpoint: Endpoint = format!("https://localhost:{port}").parse().unwrap();
    let endpoint = match pin {
        Some(pin) => endpoint.pinned(pin).unwrap(),
        None => endpoint,
    };
    let client = Client::builder().endpoint(endpoint).token("ptna_canary");
    client.patience(patience).build().unwrap()
}

#[tokio::test]
async fn p11_only_the_server_with_the_pinned_certificate_hears_the_token() {
    let identity = fresh();
    let pin = Pin::of(identity.certificate());
    let (port, heard) = server(&identity).await;
    let access = client(port, Some(pin.clone()), Duration::ZERO)
        .access_token()
        .await
        .unwrap();
    assert_eq!(access.expose(), "eyJ.one");
    assert!(heard.lock().contains("canary"));

    let other = fresh();
    let (port, heard) = server(&other).await;
    let patient = |pin| client(port, pin, Duration::from_secs(30));
    let began = Instant::now();
    let why = lost(patient(Some(pin.clone())).access_token().await);
    assert_eq!(why, Lost::NotPinned(Pin::of(other.certificate())));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "a stranger is not waited for"
    );
    let why = lost(asked(&patient(Some(pin))).await);
    assert_eq!(why, Lost::NotPinned(Pin::of(other.certificate())));
    assert!(why.to_string().contains("sha256:"), "{why}");
    let unknown = client(port, None, Duration::ZERO).access_token().await;
    let Lost::NotTrusted { shown, why } = lost(unknown) else {
        panic!("nobody vouches for it")
    };
    assert_eq!(shown, Pin::of(other.certificate()));
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(*heard.lock(), "");
}

#[tokio::test]
async fn a_certificate_is_replaced_while_both_are_pinned() {
    let (before, after) = (fresh(), fresh());
    let (port, heard) = server(&after).await;
    let endpoint: Endpoint = format!("https://localhost:{port}").parse().unwrap();
    let pins = [&before, &after].map(|one| Pin::of(one.certificate()));
    let endpoint = pins.into_iter().try_fold(endpoint, Endpoint::pinned);
    let client = Client::builder()
        .endpoint(endpoint.unwrap())
        .token("ptna_canary");
    let client = client.build().unwrap();
    let answer = asked(&client).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"{\"access_token\""));
    let heard = heard.lock();
    assert!(
        heard.starts_with("POST /v1/messages?beta=true HTTP/1.1\r\n"),
        "{heard}"
    );
    assert!(
        heard.contains("authorization: Bearer ptna_canary\r\n"),
        "{heard}"
    );
}

/// A request of the program's own.
async fn asked(client: &Client) -> Result<http::Response<hyper::body::Incoming>, Error> {
    let request = http::Request::post("/v1/messages?beta=true");
    let request = request.body(Full::<Bytes>::from("{}")).unwrap();
    let token = Bearer::Token(Arc::new(Secret::new("ptna_canary".to_owned())));
    client.passage().send(request, &token).await
}

fn lost<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Lost {
    match outcome.unwrap_err() {
        Error::Unanswered { lost, .. } => lost,
        other => panic!("{other:?}"),
    }
}

fn fresh() -> TlsIdentity {
    TlsIdentity::generate(Alpn::Http1).unwrap()
}
