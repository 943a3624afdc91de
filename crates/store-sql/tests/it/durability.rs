//! What was acknowledged survives kill -9; what was not is there wholly or not at all.

use crate::child;
use crate::place::Place;
use portunus_core::agent::Principal;
use portunus_store::conformance::sample::{agent, event, fleet, token};
use portunus_store::{AuditFilter, Page, Store};
use portunus_store_sql::SqliteStore;
use std::io::{BufRead, BufReader};

#[tokio::test]
async fn acknowledged_changes_survive_kill_9() {
    let place = Place::new();
    for round in 1..=3_u32 {
        let role = "durability::a_child_that_creates_agents_until_it_is_killed";
        let mut child = child::start(role, &place.file(), "077");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = Vec::new();
        for line in lines.map_while(Result::ok) {
            if let Some(name) = line.strip_prefix(child::SAYS) {
                acknowledged.push(name.to_owned());
            }
            if acknowledged.len() == 25 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged.len() >= 25);
        let store = place.open().await;
        for name in &acknowledged {
            let name = name.parse().unwrap();
            store.agent_by_name(&name).await.unwrap();
        }
        let fleet = fleet(&store).await;
        assert!(fleet.iter().all(|agent| agent.tokens.len() == 1));
        let all = Page::first(1_000);
        let log = store.audit(AuditFilter::default(), all).await.unwrap();
        assert_eq!(log.items.len(), fleet.len(), "round {round}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_child_that_creates_agents_until_it_is_killed() {
    let Some(file) = child::file() else { return };
    let store = SqliteStore::open(&file).await.unwrap();
    for number in 0_u32.. {
        let number = std::process::id() * 1_000 + number;
        let name = format!("agent-{number}");
        let agent = agent(number, &name);
        let token = token(number, Principal::Agent(agent.id));
        let event = event("agent.created", &name);
        store.create_agent(&agent, &token, &event).await.unwrap();
        child::say(&name);
    }
}
