//! P3: per agent at most one active token and one retiring predecessor, across connections, processes and crashes.

use crate::child;
use crate::place::Place;
use portunus_core::agent::{Agent, Principal};
use portunus_store::conformance::sample::{agent, at, event, fleet, token};
use portunus_store::{Store, StoreError};
use portunus_store_sql::SqliteStore;
use std::sync::Arc;

async fn mayor(store: &SqliteStore) -> Agent {
    let mayor = agent(1, "mayor");
    let first = token(1, Principal::Agent(mayor.id));
    let happened = event("agent.created", "mayor");
    store.create_agent(&mayor, &first, &happened).await.unwrap();
    mayor
}

/// Rotates `times` times, numbering tokens from `from`, and uses every third successor.
async fn rotate(store: &SqliteStore, mayor: &Agent, from: u32, times: u32) {
    let principal = Principal::Agent(mayor.id);
    for number in from..from + times {
        let successor = token(number, principal);
        let happened = event("token.rotated", "mayor");
        let now = at(u64::from(number));
        store
            .rotate_token(principal, &successor, now, &happened)
            .await
            .unwrap();
        if number % 3 == 0 {
            store.mark_first_use(successor.kid, now).await.unwrap();
        }
    }
}

/// Exactly one active and at most one retiring token; every other one is revoked, and none was lost.
async fn check(place: &Place, issued: i64) {
    let count = async |state: &str| {
        let query = format!("SELECT count(*) FROM tokens WHERE state = '{state}'");
        place.number(&query).await
    };
    assert_eq!(count("active").await, 1);
    let retiring = count("retiring").await;
    assert!(retiring <= 1);
    assert_eq!(count("revoked").await, issued - 1 - retiring);
}

#[tokio::test]
async fn the_database_itself_refuses_a_second_active_or_retiring_token() {
    let place = Place::new();
    let store = place.open().await;
    mayor(&store).await;
    let second = |state: &str| {
        format!(
            "INSERT INTO tokens SELECT randomblob(16), principal_kind, principal_id, digest, '{state}', NULL,
             created_at, NULL, overlap_ms, NULL FROM tokens LIMIT 1"
        )
    };
    let refused = place.sql(&second("active")).await.unwrap_err();
    assert!(refused.contains("UNIQUE"), "{refused}");
    place.sql(&second("retiring")).await.unwrap();
    let refused = place.sql(&second("retiring")).await.unwrap_err();
    assert!(refused.contains("UNIQUE"), "{refused}");
    let all = place.sql("UPDATE tokens SET state = 'active'").await;
    assert!(all.is_err());
    check(&place, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotations_at_once_from_several_connections_leave_one_active_token() {
    let place = Place::new();
    let store = Arc::new(place.open().await);
    let other = Arc::new(place.open().await);
    let mayor = mayor(&store).await;
    let mut tasks = Vec::new();
    for (lane, store) in (0..6).zip([&store, &other].into_iter().cycle()) {
        let (store, mayor) = (Arc::clone(store), mayor.clone());
        tasks.push(tokio::spawn(async move {
            rotate(&store, &mayor, 1_000 * (lane + 1), 15).await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    check(&place, 6 * 15 + 1).await;
}

#[tokio::test]
async fn rotations_at_once_from_several_processes_leave_one_active_token() {
    let place = Place::new();
    let store = place.open().await;
    mayor(&store).await;
    let role = "p3_one_active_token::a_child_that_rotates";
    let start = |_| child::start(role, &place.file(), "077");
    let children: Vec<_> = (0..3).map(start).collect();
    let said: Vec<_> = children.into_iter().map(child::finish).collect();
    assert_eq!(said, vec![vec!["rotated"]; 3]);
    check(&place, 3 * 20 + 1).await;
}

#[tokio::test]
async fn a_child_that_rotates() {
    let Some(file) = child::file() else { return };
    let store = SqliteStore::open(&file).await.unwrap();
    let mayor = store.agent(agent(1, "mayor").id).await.unwrap();
    rotate(&store, &mayor, 1_000 + std::process::id() * 100, 20).await;
    child::say("rotated");
}

#[tokio::test]
async fn a_crash_inside_a_rotation_leaves_the_tokens_of_before() {
    let place = Place::new();
    let store = place.open().await;
    let mayor = mayor(&store).await;
    rotate(&store, &mayor, 3, 1).await;
    let before = (store.snapshot().await, fleet(&store).await);
    // The last statement of the rotation fails, as if the process had died before it.
    let broken = "CREATE TRIGGER crash BEFORE INSERT ON audit WHEN NEW.action = 'token.rotated'
                  BEGIN SELECT raise(ROLLBACK, 'crash'); END";
    place.sql(broken).await.unwrap();
    let principal = Principal::Agent(mayor.id);
    let successor = token(4, principal);
    let happened = event("token.rotated", "mayor");
    let failed = store
        .rotate_token(principal, &successor, at(9), &happened)
        .await;
    assert!(
        matches!(failed, Err(StoreError::Unavailable(_))),
        "{failed:?}"
    );
    drop(store);
    place.sql("DROP TRIGGER crash").await.unwrap();
    let store = place.open().await;
    assert_eq!((store.snapshot().await, fleet(&store).await), before);
    rotate(&store, &mayor, 5, 2).await;
    check(&place, 4).await;
}

#[tokio::test]
async fn a_dropped_rotation_happens_wholly_or_not() {
    let place = Place::new();
    let store = place.open().await;
    let mayor = mayor(&store).await;
    let principal = Principal::Agent(mayor.id);
    let happened = event("token.rotated", "mayor");
    for number in 10..60_u32 {
        let successor = token(number, principal);
        let rotation = store.rotate_token(principal, &successor, at(9), &happened);
        let patience = std::time::Duration::from_micros(u64::from(number) * 10);
        let _dropped = tokio::time::timeout(patience, rotation).await;
    }
    rotate(&store, &mayor, 100, 1).await;
    let issued = place.number("SELECT count(*) FROM tokens").await;
    check(&place, issued).await;
    let rotated = "SELECT count(*) FROM audit WHERE action = 'token.rotated'";
    assert_eq!(place.number(rotated).await, issued - 1);
}
