//! P5: a token that is revoked is noticed, told as what it is, and not tried again and again.

use crate::memory::pass;
use crate::plant::Plant;
use portunus_client::Error;
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn p5_a_revoked_token_ends_the_trying() {
    let plant = Plant::new().await;
    let client = plant.client(&plant.agent("mayor").await);
    let beating = tokio::spawn({
        let client = client.clone();
        let cadence = "1m".parse().unwrap();
        async move { client.keep_alive(cadence).await }
    });
    pass(120).await;
    let kid = client.whoami().await.unwrap().kid;
    let tokens = plant
        .operate(http::Method::GET, "/api/v1/tokens?agent=mayor", Value::Null)
        .await;
    let kid = tokens["items"][0]["kid"]
        .as_str()
        .unwrap_or(&kid)
        .to_owned();
    plant
        .post(&format!("/api/v1/tokens/{kid}/revoke"), json!({}))
        .await;
    pass(120).await;
    assert!(beating.is_finished());
    assert!(matches!(beating.await.unwrap(), Error::Rejected(_)));
    let before = plant.network.seen().len();
    pass(3_600).await;
    assert_eq!(plant.network.seen().len(), before, "nobody asks any more");
    assert!(matches!(client.whoami().await, Err(Error::Rejected(_))));
}

#[tokio::test(start_paused = true)]
async fn p5_an_access_token_that_was_ended_is_replaced_once_and_the_call_succeeds() {
    let plant = Plant::new().await;
    let client = plant.client(&plant.agent("mayor").await);
    client.whoami().await.unwrap();
    plant
        .post("/api/v1/agents/mayor/access/revoke", json!({}))
        .await;
    client.whoami().await.unwrap();
    assert_eq!(plant.answered(401), 1);
    // The renewal of what was ended fails, and then the token is exchanged.
    assert_eq!(plant.network.seen_at("/api/v1/token").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn p5_a_successor_of_the_token_goes_on() {
    let plant = Plant::new().await;
    let client = plant.client(&plant.agent("mayor").await);
    client.whoami().await.unwrap();
    let rotate = json!({"overlap_ms": 0});
    let rotated = plant
        .post("/api/v1/agents/mayor/tokens/rotate", rotate)
        .await;
    assert!(matches!(client.whoami().await, Err(Error::Rejected(_))));
    client
        .replace_token(rotated["token"].as_str().unwrap())
        .unwrap();
    client.whoami().await.unwrap();
}
