//! What the listener says by itself, over a pipe and on paused time.

use super::*;
use crate::identity::{Identity, TokenSource};
use portunus_core::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// One connection of the program, and the handle that it shows.
fn connection() -> (DuplexStream, String) {
    let token = Secret::new("ptna_x".to_owned());
    let source = TokenSource::Given(token.clone());
    let planes = ["http://127.0.0.1:1".parse().unwrap()];
    let identity = Identity::new("mayor".parse().unwrap(), &planes, source, token).unwrap();
    let handle = LocalHandle::draw().unwrap();
    let shown = handle.expose().to_owned();
    let forward = Forward::new(Arc::new(identity));
    let front = Arc::new(Front::new(handle, forward, Duration::from_secs(300)));
    let (ours, theirs) = duplex(64 * 1024);
    tokio::spawn(front.converse(theirs));
    (ours, shown)
}

#[tokio::test(start_paused = true)]
async fn a_body_that_pauses_for_20_s_is_refused_and_one_that_comes_slowly_is_not() {
    for (path, says) in [
        ("/v1/messages", r#""type":"timeout_error""#),
        ("/v1/responses", r#""code":"timeout""#),
        ("/api/v1/boards", r#""code":"request_timeout""#),
    ] {
        let (mut connection, handle) = connection();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nx-api-key: {handle}\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let began = Instant::now();
        // Longer than a pause may be, with no pause that is too long.
        for _ in 0..3 {
            sleep(PIECE - Duration::from_millis(1)).await;
            connection.write_all(b"1\r\n{\r\n").await.unwrap();
        }
        let slow = began.elapsed();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        let silent = began.elapsed() - slow;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("x-should-retry: false"), "{answer}");
        assert!(answer.contains(says), "{answer}");
        let limit = PIECE..PIECE + Duration::from_millis(10);
        assert!(limit.contains(&silent), "{silent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_no_request() {
    let (mut connection, handle) = connection();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: a\r\nx-api-key: {handle}\r\nContent-Length: 9\r\n\r\n{{"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408 "),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_websocket_to_models_is_declined_at_once_so_that_codex_falls_back() {
    let upgrade =
        "Connection: close, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n";
    let (mut connection, handle) = connection();
    let head = format!(
        "GET /v1/responses?a=b HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {handle}\r\n{upgrade}\r\n"
    );
    let began = Instant::now();
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(answer.contains("x-should-retry: false"), "{answer}");
    assert!(answer.contains(r#""error":{"#), "{answer}");
    // No plane is there, and none was waited for.
    assert!(began.elapsed() < Duration::from_secs(1), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_websocket_without_the_handle_is_nobodys() {
    let (mut connection, _) = connection();
    let head = "GET /v1/responses HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    connection.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 401");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_kept_for_minutes_is_still_good() {
    let (mut connection, _) = connection();
    let mut answer = [0; 12];
    for idle in [0, 30, 90, 300] {
        sleep(Duration::from_secs(idle)).await;
        let request = b"HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n";
        connection.write_all(request).await.unwrap();
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 404", "after {idle} s");
        let mut last = [0; 4];
        while &last != b"\r\n\r\n" {
            last.rotate_left(1);
            connection.read_exact(&mut last[3..]).await.unwrap();
        }
    }
}
