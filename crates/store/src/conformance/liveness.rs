//! Cases about who was heard of when.

use super::agents;
use super::sample::{at, bytes, event, token};
use crate::{AuditFilter, Liveness, Page, Store, StoreError};
use portunus_core::agent::Principal;
use portunus_core::ids::AgentId;
use portunus_core::liveness::{Cadence, Watch};

const FIRST: AgentId = AgentId::from_bytes([0; 16]);

async fn all(store: &dyn Store) -> Vec<Liveness> {
    store.liveness_from(FIRST, 1_000).await.unwrap()
}

async fn watch(store: &dyn Store, agent: AgentId, watch: Watch) -> Result<(), StoreError> {
    let event = event("agent.paused", "it");
    store.watch_agent(agent, watch, &event).await
}

fn row(agent: AgentId, millis: u64) -> Liveness {
    Liveness {
        cadence: Some("10m".parse().unwrap()),
        note: Some(format!("it's \"{millis}\" — '; DROP").parse().unwrap()),
        heartbeat_at: Some(at(millis)),
        seen_at: Some(at(millis + 1)),
        is_told_offline: millis.is_multiple_of(2),
        ..Liveness::of(agent)
    }
}

pub(super) async fn what_is_known_of_an_agent_is_kept_but_for_its_pause(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await.id;
    let clerk = agents::create(store, 2, "clerk").await.id;
    assert_eq!(all(store).await, []);
    let bare = Liveness {
        seen_at: Some(at(u64::from(u32::MAX))),
        ..Liveness::of(clerk)
    };
    store
        .save_liveness(&[row(mayor, 7), bare.clone()])
        .await
        .unwrap();
    assert_eq!(all(store).await, [row(mayor, 7), bare]);
    let unmonitored = Liveness {
        cadence: Some(Cadence::NONE),
        note: None,
        ..row(mayor, 8)
    };
    store
        .save_liveness(std::slice::from_ref(&unmonitored))
        .await
        .unwrap();
    assert_eq!(all(store).await[0], unmonitored);
    watch(store, mayor, Watch::Paused).await.unwrap();
    store.save_liveness(&[row(mayor, 9)]).await.unwrap();
    let paused = Liveness {
        watch: Watch::Paused,
        ..row(mayor, 9)
    };
    assert_eq!(all(store).await[0], paused);
    store.save_liveness(&[]).await.unwrap();
}

pub(super) async fn pausing_is_recorded_and_keeps_everything_else(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await.id;
    watch(store, mayor, Watch::Paused).await.unwrap();
    let paused = Liveness {
        watch: Watch::Paused,
        ..Liveness::of(mayor)
    };
    assert_eq!(all(store).await, [paused]);
    store.save_liveness(&[row(mayor, 7)]).await.unwrap();
    watch(store, mayor, Watch::On).await.unwrap();
    assert_eq!(all(store).await, [row(mayor, 7)]);
    let gone = AgentId::from_bytes(bytes(9));
    assert_eq!(
        watch(store, gone, Watch::Paused).await,
        Err(StoreError::NotFound)
    );
    let log = store
        .audit(AuditFilter::default(), Page::first(10))
        .await
        .unwrap();
    let paused = log
        .items
        .iter()
        .filter(|record| record.action == "agent.paused");
    assert_eq!(paused.count(), 2);
}

pub(super) async fn nothing_is_kept_of_agents_that_are_gone(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await.id;
    store.save_liveness(&[row(mayor, 7)]).await.unwrap();
    let deleted = event("agent.deleted", "it");
    store.delete_agent(mayor, at(9), &deleted).await.unwrap();
    assert_eq!(all(store).await, []);
    store.save_liveness(&[row(mayor, 8)]).await.unwrap();
    assert_eq!(all(store).await, []);
}

pub(super) async fn nothing_is_kept_of_one_that_is_restored(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await.id;
    store.save_liveness(&[row(mayor, 7)]).await.unwrap();
    watch(store, mayor, Watch::Paused).await.unwrap();
    let happened = event("agent.archived", "mayor");
    store.archive_agent(mayor, at(8), &happened).await.unwrap();
    watch(store, mayor, Watch::Paused).await.unwrap();
    let fresh = token(5, Principal::Agent(mayor));
    let happened = event("agent.restored", "mayor");
    store.restore_agent(mayor, &fresh, &happened).await.unwrap();
    assert_eq!(all(store).await, []);
    store.save_liveness(&[row(mayor, 9)]).await.unwrap();
    assert_eq!(all(store).await, [row(mayor, 9)]);
}

pub(super) async fn agents_that_were_heard_of_come_in_pages_by_id(store: &dyn Store) {
    let mut ids = Vec::new();
    for number in [3, 1, 2] {
        ids.push(
            agents::create(store, number, &format!("agent-{number}"))
                .await
                .id,
        );
    }
    let rows: Vec<_> = ids.iter().map(|id| row(*id, 7)).collect();
    store.save_liveness(&rows).await.unwrap();
    ids.sort();
    let page = store.liveness_from(ids[1], 1).await.unwrap();
    assert_eq!(page, [row(ids[1], 7)]);
    assert_eq!(store.liveness_from(ids[1], 9).await.unwrap().len(), 2);
}
