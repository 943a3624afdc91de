//! What the door refuses before any key is asked, in the protocol that the client speaks.

use super::plant::{Answer, PATIENCE, Plant, brief};
use super::{chat, message};
use portunus_proxy::DoorSettings;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn stored_objects_and_organizations_do_not_exist() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    for path in [
        "/v1/files",
        "/v1/messages/batches",
        "/v1/organizations/me",
        "/v1/nothing",
    ] {
        let answer = plant.call(&token, path, &json!({})).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("x-should-retry"), "false");
        assert!(answer.json()["error"]["message"].is_string(), "{path}");
    }
    let slip = plant.call(&token, "/v1/v1/messages", &message(false)).await;
    assert!(
        slip.status == 404 && slip.text.contains("base URL"),
        "{}",
        slip.text
    );
    let upgrade = format!(
        "GET /v1/responses HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nx-api-key: {token}\r\n\r\n"
    );
    assert!(
        send_raw(&plant, upgrade.as_bytes())
            .await
            .starts_with("HTTP/1.1 426")
    );
    assert!(plant.provider.seen().is_empty());
}

#[tokio::test]
async fn malformed_bodies_are_400_and_say_what_is_wrong() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    for (body, says) in [
        (r#"{"model": "#, "JSON"),
        ("[]", "object"),
        (r#"{"messages": []}"#, "model"),
        (r#"{"model": 7}"#, "model"),
        (r#"{"model": "m", "stream": "yes"}"#, "stream"),
    ] {
        let answer = raw(&plant, &token, body.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{body}: {answer}");
        assert!(answer.contains(says), "{body}: {answer}");
    }
    assert!(plant.provider.seen().is_empty());
}

async fn raw(plant: &Plant, token: &str, body: &[u8]) -> String {
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    send_raw(plant, &[head.as_bytes(), body].concat()).await
}

async fn send_raw(plant: &Plant, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(plant.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let (mut text, mut piece) = (Vec::new(), [0; 4096]);
    let mut patience = PATIENCE;
    // A connection that stays open has said what it had to say.
    while let Ok(Ok(read @ 1..)) = timeout(patience, stream.read(&mut piece)).await {
        text.extend_from_slice(&piece[..read]);
        patience = Duration::from_secs(2);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_with_and_without_its_length() {
    let settings = DoorSettings {
        body_limit: 64 * 1024,
        ..brief()
    };
    let plant = Plant::with(1, settings).await;
    let token = plant.agent("mayor").await;
    let mut body = message(false);
    body["messages"][0]["content"] = "x".repeat(70_000).into();
    let answer = plant.call(&token, "/v1/messages", &body).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["error"]["type"], "request_too_large");
    let text = body.to_string();
    let chunked = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-api-key: {token}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n",
        text.len()
    );
    assert!(
        send_raw(&plant, chunked.as_bytes())
            .await
            .starts_with("HTTP/1.1 413")
    );
    assert!(plant.provider.seen().is_empty());
}

/// A connection on which a body began and does not end.
async fn begun(plant: &Plant, token: &str, length: usize) -> TcpStream {
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: a\r\nx-api-key: {token}\r\nContent-Length: {length}\r\n\r\n{{"
    );
    let mut stream = TcpStream::connect(plant.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn beginning_of_answer(mut stream: TcpStream) -> String {
    let mut piece = [0; 4096];
    let read = timeout(PATIENCE, stream.read(&mut piece)).await;
    let read = read.expect("it is answered").unwrap();
    String::from_utf8_lossy(&piece[..read]).into_owned()
}

#[tokio::test]
async fn p1_an_agent_has_four_of_the_largest_bodies_on_their_way_and_others_are_served() {
    let body_limit = 64 * 1024;
    let settings = DoorSettings {
        body_limit,
        ..brief()
    };
    let plant = Plant::with(1, settings).await;
    let (greedy, modest) = (plant.agent("mayor").await, plant.agent("clerk").await);
    let mut uploads = Vec::new();
    for _ in 0..5 {
        uploads.push(Box::pin(beginning_of_answer(
            begun(&plant, &greedy, body_limit).await,
        )));
    }
    // Whichever came last: the others wait for their bodies.
    let (refused, _, held) = futures_util::future::select_all(uploads).await;
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    for says in ["retry-after: 1", "x-should-retry: true", "rate_limit_error"] {
        assert!(refused.contains(says), "{refused}");
    }
    let mut large = message(false);
    large["messages"][0]["content"] = "x".repeat(60_000).into();
    let other = plant.call(&modest, "/v1/messages", &large).await;
    assert_eq!(other.status, 200, "{}", other.text);
    let small = plant.call(&greedy, "/v1/messages", &message(false)).await;
    assert_eq!(small.status, 200, "what came with its head takes no room");
    drop(held);
    let again = async {
        loop {
            let answer = plant.call(&greedy, "/v1/messages", &large).await;
            if answer.status == 200 {
                break;
            }
            assert_eq!(answer.status, 429, "{}", answer.text);
        }
    };
    timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_body_that_takes_too_long_in_all_is_408() {
    let settings = DoorSettings {
        upload: Duration::from_secs(1),
        ..brief()
    };
    let plant = Plant::with(1, settings).await;
    let token = plant.agent("mayor").await;
    let answer = beginning_of_answer(begun(&plant, &token, 1_000).await).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("did not arrive within 1 s"), "{answer}");
    assert!(plant.provider.seen().is_empty());
}

#[tokio::test]
async fn two_tokens_of_ours_and_two_hosts_are_refused() {
    let plant = Plant::with_keys(1).await;
    let (one, two) = (plant.agent("mayor").await, plant.agent("clerk").await);
    let headers = [("x-api-key", two.as_str())];
    let answer = Answer::read(
        plant
            .send(&one, "/v1/messages", &message(false), &headers)
            .await,
    )
    .await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let hosts = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\nx-api-key: {one}\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    assert!(
        send_raw(&plant, hosts.as_bytes())
            .await
            .starts_with("HTTP/1.1 400")
    );
    assert!(plant.provider.seen().is_empty());
}

#[tokio::test]
async fn a_token_in_the_url_is_refused_and_goes_nowhere() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let path = format!("/v1/messages?key={token}");
    let answer = plant.call(&token, &path, &message(false)).await;
    assert_eq!(answer.status, 400);
    assert!(!answer.text.contains(&token));
    assert!(plant.provider.seen().is_empty());
}

#[tokio::test]
async fn another_providers_key_beside_our_token_is_ignored() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    let headers = [("x-api-key", "sk-ant-of-the-developer")];
    let answer = plant
        .send(&token, "/v1/messages", &message(false), &headers)
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(plant.provider.seen()[0].key.as_deref(), Some("sk-1"));
}

#[tokio::test]
async fn a_pool_without_keys_says_how_to_add_one_at_once() {
    let plant = Plant::with_keys(0).await;
    let token = plant.agent("mayor").await;
    for (path, body) in [
        ("/v1/messages", message(true)),
        ("/v1/chat/completions", chat(false)),
    ] {
        let answer = plant.call(&token, path, &body).await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_eq!(answer.header("x-should-retry"), "false");
        assert!(answer.text.contains("portunus keys add"), "{}", answer.text);
    }
}
