//! A fleet of 100,000 agents: how long the plane takes to have them in RAM.

use crate::place::Place;
use portunus_core::ids::AgentId;
use portunus_store::{Page, Store};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_fleet_of_100_000_agents_is_loaded_in_seconds() {
    let place = Place::new();
    place.open().await.close().await;
    place
        .sql(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
             INSERT INTO agents (id, name, created_at) SELECT randomblob(16), 'agent-' || i, i FROM n;
             INSERT INTO tokens SELECT randomblob(16), 'agent', id, randomblob(32), 'active', NULL, created_at,
                                       NULL, 60000, NULL FROM agents;
             INSERT INTO tokens SELECT randomblob(16), 'agent', id, randomblob(32), 'revoked', 7, created_at,
                                       NULL, 60000, NULL FROM agents;",
        )
        .await
        .unwrap();
    let began = Instant::now();
    let store = place.open().await;
    let opened = began.elapsed();
    store.snapshot().await.unwrap();
    let ready = began.elapsed();
    let (mut from, mut agents, mut tokens) = (AgentId::from_bytes([0; 16]), 0, 0);
    loop {
        let page = store.agents_from(from, 1_000).await.unwrap();
        agents += page.len();
        tokens += page.iter().map(|agent| agent.tokens.len()).sum::<usize>();
        if page.len() < 1_000 {
            break;
        }
        from = page.last().unwrap().agent.id;
        // The last one comes again.
        (agents, tokens) = (agents - 1, tokens - 1);
    }
    let loaded = began.elapsed();
    let page = store.tokens(None, Page::first(100)).await.unwrap();
    let listed = began.elapsed() - loaded;
    println!("opened {opened:?}, ready {ready:?}, loaded {loaded:?}, listed a page {listed:?}");
    assert_eq!((agents, tokens), (100_000, 100_000));
    assert_eq!(page.items.len(), 100);
    // What comes before the first request does not grow with the fleet.
    assert!(ready < Duration::from_secs(5), "{ready:?}");
    // Unoptimized and on a busy machine; see the printed times for what it takes.
    assert!(loaded < Duration::from_secs(60), "{loaded:?}");
}
