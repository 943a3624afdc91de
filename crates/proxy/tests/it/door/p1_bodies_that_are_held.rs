//! What bodies take while their calls wait, for whatever: of an agent so much and no more, and nothing of others.

use super::plant::{Answer, PATIENCE, Plant, brief};
use super::{chat, message};
use portunus_proxy::DoorSettings;
use portunus_testkit::{Answer as Upstream, Gate};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const HOUR_MS: u64 = 3_600_000;

/// A door that takes bodies of 64 KiB.
async fn plant(settings: DoorSettings) -> Plant {
    let body_limit = 64 * 1024;
    let settings = DoorSettings {
        body_limit,
        ..settings
    };
    Plant::with(1, settings).await
}

/// The same request with a body of nearly that.
fn large(mut request: Value) -> Value {
    request["messages"][0]["content"] = "x".repeat(60_000).into();
    request
}

/// A stream on a connection of its own, and how its answer begins, up to and with `until`.
async fn stream(
    plant: &Plant,
    token: &str,
    (path, body): (&str, &Value),
    until: &str,
) -> (TcpStream, String) {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nx-api-key: {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(plant.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut begins = String::new();
    while !begins.contains(until) {
        let mut piece = [0; 4096];
        let read = timeout(PATIENCE, stream.read(&mut piece)).await;
        let read = read.expect("it is answered").unwrap();
        assert_ne!(read, 0, "{begins}");
        begins.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    (stream, begins)
}

fn is_refused(answer: &Answer, kind: &str) {
    assert_eq!(answer.status, 429, "{}", answer.text);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("x-should-retry"), "true");
    let error = &answer.json()["error"];
    assert_eq!(error["type"], kind, "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("calls that arrive or wait"), "{message}");
}

#[tokio::test]
async fn p1_bodies_of_calls_that_wait_for_a_key_count_until_their_clients_leave() {
    let plant = plant(brief()).await;
    let limited = || Upstream::rate_limited().header("retry-after", "3000");
    plant.provider.anyone().script([limited(), limited()]);
    let (greedy, modest) = (plant.agent("mayor").await, plant.agent("clerk").await);
    let (messages, chats) = (large(message(true)), large(chat(true)));
    let mut waiting = Vec::new();
    for (pool, path, request) in [
        ("anthropic", "/v1/messages", &messages),
        // Their bodies are written anew on the way.
        ("openai", "/v1/chat/completions", &chats),
    ] {
        plant.set_pool(pool, Some(HOUR_MS)).await;
        for _ in 0..2 {
            waiting.push(stream(&plant, &greedy, (path, request), " 200 OK").await);
            plant.until(|plant| plant.waiting() == waiting.len()).await;
        }
    }
    for (path, request) in [
        ("/v1/messages", &messages),
        ("/v1/chat/completions", &chats),
    ] {
        let beyond = plant.call(&greedy, path, request).await;
        is_refused(&beyond, "rate_limit_error");
    }
    let small = message(true);
    let _small = stream(&plant, &greedy, ("/v1/messages", &small), " 200 OK").await;
    let _other = stream(&plant, &modest, ("/v1/messages", &messages), " 200 OK").await;
    waiting.pop();
    let room_is_back = async {
        loop {
            let (stream, begins) =
                stream(&plant, &greedy, ("/v1/messages", &messages), "\r\n").await;
            if begins.contains(" 200 OK") {
                break stream;
            }
            assert!(begins.contains(" 429 "), "{begins}");
        }
    };
    let _again = timeout(PATIENCE, room_is_back).await.unwrap();
    assert_eq!(plant.provider.seen().len(), 2, "no key was asked since");
}

#[tokio::test]
async fn p1_bodies_of_calls_that_wait_for_their_answer_count_until_it_begins() {
    // An answer that begins is one that has come.
    let open_after = PATIENCE;
    let settings = DoorSettings {
        open_after,
        ..brief()
    };
    let plant = plant(settings).await;
    let (greedy, gate) = (plant.agent("mayor").await, Gate::closed());
    let held = || Upstream::ok().held_after(5, &gate);
    let held: Vec<_> = (0..8).map(|_| held()).collect();
    plant.provider.anyone().script(held);
    let (streamed, request) = (large(message(true)), large(message(false)));
    let mut running = Vec::new();
    for _ in 0..8 {
        // What runs holds nothing any more.
        running.push(stream(&plant, &greedy, ("/v1/messages", &streamed), "event: ").await);
    }
    drop(running);
    plant.all_leases_back().await;
    let silent = (0..4).map(|_| Upstream::never());
    plant.provider.anyone().script(silent);
    let calls = (0..4).map(|_| Box::pin(plant.call(&greedy, "/v1/messages", &request)));
    let calls = futures_util::future::select_all(calls);
    let refused = async {
        plant
            .until(|plant| plant.provider.seen().len() == 8 + 4)
            .await;
        plant.call(&greedy, "/v1/messages", &request).await
    };
    tokio::select! {
        (answer, _, _) = calls => panic!("{}", answer.text),
        refused = refused => is_refused(&refused, "rate_limit_error"),
    }
}
