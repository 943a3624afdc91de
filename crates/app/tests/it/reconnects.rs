//! Clients that come and go are kept in access tokens for as long as they do, and meet nobody else's.

use crate::access_tokens::{decode, parts};
use crate::connections::connect;
use crate::plane::Stage;
use portunus_app::Session;
use portunus_app::push::{Subscription, Told};
use portunus_core::secret::Secret;
use std::collections::HashSet;
use std::time::Duration;

/// Opens a connection and takes the access token that comes with it.
async fn come(stage: &Stage, session: &Session) -> (Subscription, Secret) {
    let mut open = connect(stage, session.clone(), None).await;
    let mut pushed = None;
    for event in open.work().await.unwrap().events {
        if let Told::Credential(issued) = event.told {
            pushed = Some(issued.token);
        }
        open.acknowledge(event.seq).unwrap();
    }
    (open, pushed.expect("it is kept in access tokens"))
}

fn family(token: &Secret) -> String {
    let [_, claims, _] = parts(token.expose());
    decode(&claims)["fam"].as_str().unwrap().to_owned()
}

async fn comes_and_goes(pause: Duration) {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    let mut families = HashSet::new();
    for round in 0..1_500 {
        let (open, access) = come(&stage, &session).await;
        let proven = stage.prove(&access).await;
        assert!(proven.is_ok(), "after {round} rounds: {proven:?}");
        families.insert(family(&access));
        drop(open);
        stage.clock.advance(pause);
    }
    assert!(families.len() <= 40, "{}", families.len());
}

#[tokio::test]
async fn p4_a_client_that_reconnects_1500_times_at_once_is_kept_in_access_tokens() {
    comes_and_goes(Duration::ZERO).await;
}

#[tokio::test]
async fn p4_a_client_that_reconnects_every_second_is_kept_in_access_tokens() {
    comes_and_goes(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn p4_connections_that_break_together_take_up_nothing_that_another_client_holds() {
    const TOGETHER: usize = 16;
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    let come_all = async || {
        let mut all = Vec::new();
        for _ in 0..TOGETHER {
            all.push(come(&stage, &session).await);
        }
        all
    };
    let before = come_all().await;
    let held: Vec<Secret> = before.iter().map(|(_, access)| access.clone()).collect();
    drop(before);
    let after = come_all().await;
    let families: HashSet<String> = after.iter().map(|(_, access)| family(access)).collect();
    assert_eq!(families.len(), TOGETHER);
    for access in held {
        assert!(!families.contains(&family(&access)), "somebody may hold it");
        // Whoever does renews it, and is taken for no thief.
        let renewed = portunus_app::access::exchange(&stage.plane, access, None).await;
        assert!(stage.prove(&renewed.unwrap().token).await.is_ok());
    }
}
