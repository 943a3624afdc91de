//! Push against a real plane: messages arrive once, access tokens stay fresh for a day, and what ends is told as what it is.

use crate::memory::pass;
use crate::plant::Plant;
use portunus_client::push::{End, Event, News, Push, Subscription};
use portunus_client::{Client, Error, WriteMessage};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

fn says(text: &str) -> WriteMessage {
    WriteMessage {
        text: text.to_owned(),
        data: None,
        tags: None,
        expires_in_ms: None,
    }
}

/// The text of the next message, which is acknowledged.
async fn next_message(client: &Client, push: &mut Push) -> String {
    loop {
        let news = push.next().await.unwrap();
        let refused = matches!(
            &news,
            News::Broken {
                end: End::Refused(_),
                ..
            }
        );
        assert!(!refused, "{news:?}");
        if let News::Told(told) = news
            && let Event::Message(item) = told.event
        {
            client.acknowledge([&item.message.id]).await.unwrap();
            return item.message.text;
        }
    }
}

async fn until_synced(push: &mut Push) {
    loop {
        if let News::Told(told) = push.next().await.unwrap()
            && matches!(told.event, Event::Synced(_))
        {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p4_p9_a_day_on_one_connection_without_one_401_and_every_message_once() {
    let mut plant = Plant::new().await;
    let mayor = plant.client(&plant.agent("mayor").await);
    let clerk = plant.client(&plant.agent("clerk").await);
    mayor
        .heartbeat(&serde_json::from_value(json!({"cadence": "10m"})).unwrap())
        .await
        .unwrap();
    let mut push = mayor.push(Subscription::default());
    until_synced(&mut push).await;
    for hour in 0..25 {
        if hour == 3 {
            plant
                .post("/api/v1/signing/rotate", serde_json::Value::Null)
                .await;
        }
        if hour == 5 {
            plant.down();
            pass(120).await;
            plant.restart().await;
        }
        for part in 0..4 {
            let text = format!("{hour}:{part}");
            clerk.send("mayor", &says(&text)).await.unwrap();
            let got = timeout(Duration::from_secs(90), next_message(&mayor, &mut push)).await;
            assert_eq!(got.ok().as_ref(), Some(&text));
            assert_eq!(plant.status_of("mayor").await, "online", "in hour {hour}");
            pass(890).await;
        }
    }
    assert_eq!(plant.answered(401), 0);
    mayor.whoami().await.unwrap();
    let alarms = plant
        .operate(http::Method::GET, "/api/v1/alarms", serde_json::Value::Null)
        .await;
    assert_eq!(alarms["items"], json!([]), "nothing looked like a thief");
}

#[tokio::test(start_paused = true)]
async fn p5_a_revoked_token_ends_push_within_a_second() {
    let plant = Plant::new().await;
    let mayor = plant.client(&plant.agent("mayor").await);
    let mut push = mayor.push(Subscription::default());
    until_synced(&mut push).await;
    plant
        .operate(
            http::Method::DELETE,
            "/api/v1/agents/mayor",
            serde_json::Value::Null,
        )
        .await;
    let ended = timeout(Duration::from_secs(5), async {
        loop {
            if let Err(error) = push.next().await {
                return error;
            }
        }
    });
    assert!(matches!(ended.await.unwrap(), Error::Rejected(_)));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_replaced_is_followed() {
    let plant = Plant::new().await;
    let mayor = plant.client(&plant.agent("mayor").await);
    let clerk = plant.client(&plant.agent("clerk").await);
    let mut push = mayor.push(Subscription::default());
    until_synced(&mut push).await;
    let rotate = json!({"overlap_ms": 5_000});
    let rotated = plant
        .post("/api/v1/agents/mayor/tokens/rotate", rotate)
        .await;
    mayor
        .replace_token(rotated["token"].as_str().unwrap())
        .unwrap();
    pass(60).await;
    clerk.send("mayor", &says("still there?")).await.unwrap();
    let got = timeout(Duration::from_secs(60), next_message(&mayor, &mut push)).await;
    assert_eq!(got.unwrap(), "still there?");
}

#[tokio::test(start_paused = true)]
async fn a_busy_agent_keeps_its_connection_and_gets_what_waited() {
    let plant = Plant::new().await;
    let mayor = plant.client(&plant.agent("mayor").await);
    let clerk = plant.client(&plant.agent("clerk").await);
    let mut push = mayor.push(Subscription::default().visibility(Duration::from_secs(3_600)));
    until_synced(&mut push).await;
    for number in 0..10 {
        clerk
            .send("mayor", &says(&number.to_string()))
            .await
            .unwrap();
    }
    // Works on the first one for half an hour, and reads nothing.
    pass(1_800).await;
    for number in 0..10 {
        let got = timeout(Duration::from_secs(60), next_message(&mayor, &mut push)).await;
        assert_eq!(got.unwrap(), number.to_string());
    }
    assert!(
        timeout(Duration::from_secs(120), next_message(&mayor, &mut push))
            .await
            .is_err()
    );
}
