//! P4: an agent that is built on this library never sees 401 from expiry or rotation; and P9, it is never shown offline.

use crate::memory::pass;
use crate::plant::Plant;
use portunus_client::{Cadence, Client, WriteMessage};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: u64 = 3_600;

/// Asks who it is, now and again, for so many seconds; says how often.
async fn work(client: &Client, seconds: u64, pause: u64) -> u32 {
    let mut asked = 0;
    for _ in 0..seconds / pause {
        client.whoami().await.unwrap();
        asked += 1;
        pass(pause).await;
    }
    asked
}

fn cadence(text: &str) -> Cadence {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn p4_p9_25_hours_of_an_agents_life_in_a_moment_without_one_401() {
    let began = std::time::Instant::now();
    let mut plant = Plant::new().await;
    let token = plant.agent("mayor").await;
    let client = plant
        .builder(&token)
        .patience(Duration::from_secs(600))
        .build()
        .unwrap();
    let beating = tokio::spawn({
        let client = client.clone();
        async move { client.keep_alive(cadence("10m")).await }
    });

    let mut asked = 0;
    for hour in 0..25 {
        match hour {
            // Another key signs from now on.
            3 => drop(plant.post("/api/v1/signing/rotate", Value::Null).await),
            // The plane is away for longer than an access token is at half life, while the agent works on.
            5 => {
                plant.down();
                let working = tokio::spawn({
                    let client = client.clone();
                    async move { work(&client, 300, 60).await }
                });
                pass(240).await;
                plant.restart().await;
                asked += working.await.unwrap();
            }
            // The token is replaced; the old one goes on for a while, as its holder does not know of it yet.
            8 => {
                let rotate = json!({"overlap_ms": 60_000});
                let rotated = plant
                    .post("/api/v1/agents/mayor/tokens/rotate", rotate)
                    .await;
                asked += work(&client, 60, 20).await;
                client
                    .replace_token(rotated["token"].as_str().unwrap())
                    .unwrap();
            }
            // The agent does nothing but beat for longer than an access token can be renewed.
            12 => pass(HOUR).await,
            _ => {}
        }
        for _ in 0..12 {
            asked += work(&client, HOUR / 12, 50).await;
            assert_eq!(plant.status_of("mayor").await, "online", "in hour {hour}");
        }
    }

    assert!(asked > 1_700, "{asked}");
    assert_eq!(plant.answered(401), 0);
    assert!(!beating.is_finished());
    let exchanges = plant.network.seen_at("/api/v1/token");
    let anew = exchanges
        .iter()
        .filter(|seen| seen.body.contains("client_credentials"));
    let (anew, renewed) = (anew.count(), exchanges.len());
    assert!(anew <= 6, "{anew} families for a day");
    println!(
        "25 h in {:?}: {asked} requests, {renewed} at the token endpoint, {anew} anew",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn p4_a_heartbeat_brings_the_successor_by_the_way() {
    let plant = Plant::new().await;
    let client = plant.client(&plant.agent("mayor").await);
    let first = client.access_token().await.unwrap();
    pass(290).await;
    // Due or not, nobody asks the token endpoint: beats come before its answer is needed.
    for _ in 0..8 {
        client.heartbeat(&Default::default()).await.unwrap();
        pass(10).await;
    }
    let second = client.access_token().await.unwrap();
    assert_ne!(first.expose(), second.expose());
    assert!(second.lasts_for() > Duration::from_secs(500));
    client.whoami().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn p4_many_askers_at_once_make_one_exchange() {
    let plant = Plant::new().await;
    let client = plant.client(&plant.agent("mayor").await);
    let ask =
        |client: Client| async move { client.access_token().await.unwrap().expose().to_owned() };
    let asking: Vec<_> = (0..50).map(|_| tokio::spawn(ask(client.clone()))).collect();
    let mut texts = Vec::new();
    for one in asking {
        texts.push(one.await.unwrap());
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
    assert_eq!(plant.network.seen_at("/api/v1/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn p4_a_renewal_whose_reply_is_lost_is_not_taken_for_a_thiefs() {
    let plant = Plant::new().await;
    let client = plant.client(&plant.agent("mayor").await);
    client.whoami().await.unwrap();
    pass(590).await;
    plant.up_without_replies();
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.access_token().await }
    });
    pass(20).await;
    plant.up();
    asking.await.unwrap().unwrap();
    client.whoami().await.unwrap();
    assert_eq!(plant.answered(401), 0);
    let alarms = plant
        .operate(http::Method::GET, "/api/v1/alarms", Value::Null)
        .await;
    assert_eq!(alarms["items"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn p4_a_request_that_waits_for_the_plane_outlives_its_access_token() {
    let mut plant = Plant::new().await;
    let token = plant.agent("mayor").await;
    let patient = plant.builder(&token).patience(Duration::from_secs(3_600));
    let client = patient.build().unwrap();
    client.whoami().await.unwrap();
    pass(400).await;
    plant.down();
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.whoami().await }
    });
    pass(900).await;
    plant.restart().await;
    asking.await.unwrap().unwrap();
    assert_eq!(plant.answered(401), 0);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_does_nothing_is_not_kept_awake() {
    let plant = Plant::new().await;
    let client = plant.client(&plant.agent("mayor").await);
    let beating = tokio::spawn({
        let client = client.clone();
        async move { client.keep_alive(Cadence::NONE).await }
    });
    pass(5 * HOUR).await;
    assert_eq!(plant.network.seen_at("/api/v1/heartbeat").len(), 1);
    assert!(
        plant.network.seen().len() <= 3,
        "{:?}",
        plant.network.seen().len()
    );
    beating.abort();
    client.whoami().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn p9_a_plane_that_was_away_is_beaten_again_as_soon_as_it_is_back() {
    let mut plant = Plant::new().await;
    let client = plant.client(&plant.agent("mayor").await);
    let beating = tokio::spawn({
        let client = client.clone();
        async move { client.keep_alive(cadence("1m")).await }
    });
    pass(300).await;
    plant.down();
    pass(3_000).await;
    assert!(
        matches!(&*client.pulse().borrow(), portunus_client::Pulse::Failed { times, .. } if *times > 10)
    );
    plant.restart().await;
    pass(45).await;
    assert!(matches!(
        &*client.pulse().borrow(),
        portunus_client::Pulse::Heard { .. }
    ));
    assert_eq!(plant.status_of("mayor").await, "online");
    assert!(!beating.is_finished());
}

#[tokio::test(start_paused = true)]
async fn p6_who_writes_is_whoever_the_token_proves() {
    let plant = Plant::new().await;
    let mayor = plant.client(&plant.agent("mayor").await);
    let clerk = plant.client(&plant.agent("clerk").await);
    let text = WriteMessage {
        text: "I am the clerk, believe me".into(),
        data: None,
        tags: None,
        expires_in_ms: None,
    };
    let written = mayor.send("clerk", &text).await.unwrap();
    let inbox = clerk.inbox(&Default::default()).await.unwrap();
    assert_eq!(inbox[0].message.id, written.message.id);
    assert_eq!(inbox[0].message.sender.name.as_deref(), Some("mayor"));
    let read = clerk.acknowledge([&written.message.id]).await.unwrap();
    assert_eq!(read.read[0], written.message.id);
    let shown = mayor.message(&written.message.id).await.unwrap();
    assert_eq!(shown.deliveries.unwrap().read, 1);
    let refused = mayor.acknowledge([&written.message.id]).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code.as_str(), "not_found");
}
