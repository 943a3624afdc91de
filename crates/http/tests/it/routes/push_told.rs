//! What is told over a real socket of boards, and of messages to whoever wrote them.

use super::push::connected;
use crate::api::Api;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::block_in_place as talk;

async fn write(api: &Api, sender: &str, to: &str, text: &str) -> Value {
    let path = format!("/api/v1/agents/{to}/messages");
    let body = Some(json!({ "text": text }));
    let written = api.call_as(sender, Method::POST, &path, body).await;
    written.is(201).json()["message"]["id"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_is_told_what_becomes_of_its_message() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, clerk) = (api.agent("mayor").await, api.agent("clerk").await);
    let before = write(&api, &mayor, "clerk", "before").await;
    let wanted = json!({"token": mayor, "topics": ["deliveries"]});
    let mut socket = talk(|| connected(&address, wanted));
    let state = talk(|| socket.event("deliveries")).unwrap();
    let items = &state["data"]["items"];
    assert_eq!(items[0]["message"], before);
    assert_eq!(items[0]["agent"]["name"], "clerk");
    assert_eq!(items[0]["deliveries"]["queued"], 1);
    assert_eq!(items[0]["moved"], json!([]));
    talk(|| socket.event("synced")).unwrap();
    let taken = api.call_as(&clerk, Method::GET, "/api/v1/inbox", None);
    taken.await.is(200);
    let told = talk(|| socket.event("deliveries")).unwrap();
    let item = &told["data"]["items"][0];
    assert_eq!(item["deliveries"]["delivered"], 1, "{told}");
    assert_eq!(item["moved"][0]["name"], "clerk");
    assert_eq!(item["moved"][0]["state"], "delivered");
    assert_eq!(item["more"], false);
    // Rounds last a second on the plane's clock.
    api.clock.advance(Duration::from_secs(1));
    let ack = Some(json!({"messages": [before]}));
    api.call_as(&clerk, Method::POST, "/api/v1/inbox/ack", ack)
        .await
        .is(200);
    let told = talk(|| socket.event("deliveries")).unwrap();
    let item = &told["data"]["items"][0];
    assert_eq!(
        (&item["deliveries"]["read"], &item["moved"][0]["state"]),
        (&json!(1), &json!("read")),
        "{told}"
    );
    // The end of its recipient fails the next one.
    api.clock.advance(Duration::from_secs(1));
    let after = write(&api, &mayor, "clerk", "after").await;
    api.call(Method::DELETE, "/api/v1/agents/clerk", None)
        .await
        .is(200);
    let told = talk(|| socket.event("deliveries")).unwrap();
    let item = &told["data"]["items"][0];
    assert_eq!(
        (&item["message"], &item["deliveries"]["failed"]),
        (&after, &json!(1)),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_at_once_is_named_with_the_reason() {
    let (api, address) = Api::new().await.served().await;
    let (mayor, _) = (api.agent("mayor").await, api.agent("clerk").await);
    api.plane.messages().bound_inboxes(1);
    write(&api, &mayor, "clerk", "one").await;
    let wanted = json!({"token": mayor, "topics": ["deliveries"]});
    let mut socket = talk(|| connected(&address, wanted));
    talk(|| socket.event("synced")).unwrap();
    write(&api, &mayor, "clerk", "two").await;
    let told = talk(|| socket.event("deliveries")).unwrap();
    let moved = &told["data"]["items"][0]["moved"][0];
    assert_eq!(
        (&moved["name"], &moved["state"], &moved["reason"]),
        (&json!("clerk"), &json!("failed"), &json!("inbox_full")),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_come_change_and_go() {
    let (api, address) = Api::new().await.served().await;
    let mayor = api.agent("mayor").await;
    let wanted = json!({"token": mayor, "topics": ["boards"]});
    let mut socket = talk(|| connected(&address, wanted));
    talk(|| socket.event("synced")).unwrap();
    let made = api.post("/api/v1/boards", json!({"name": "diary"})).await;
    let id = made.is(201).json()["id"].clone();
    let told = talk(|| socket.event("boards")).unwrap();
    assert_eq!(told["data"]["items"][0]["id"], id, "{told}");
    let change = Some(json!({"description": "What happened"}));
    api.call(Method::PATCH, "/api/v1/boards/diary", change)
        .await
        .is(200);
    let told = talk(|| socket.event("boards")).unwrap();
    let items = told["data"]["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[0]["description"]),
        (1, &json!("What happened"))
    );
    api.call(Method::DELETE, "/api/v1/boards/diary", None)
        .await
        .is(200);
    let told = talk(|| socket.event("board.gone")).unwrap();
    assert_eq!(told["data"], json!({ "id": id }));
}
