//! P12: a change and its record are one transaction, and the log only ever grows at its end, without a gap.

use crate::place::Place;
use portunus_core::agent::Principal;
use portunus_core::audit::Tree;
use portunus_core::audit::scrutiny::{Scrutiny, Witness};
use portunus_core::budget::{BudgetScope, Quantity, Window};
use portunus_store::conformance::sample::{
    agent, at, budget, event, family, fleet, key, pool, signing_key, token,
};
use portunus_store::{AuditFilter, AuditStore, Force, Page, PoolFacts, Store, StoreError};
use portunus_store_sql::SqliteStore;

async fn a_small_plane(store: &SqliteStore) {
    let mayor = agent(1, "mayor");
    let first = token(1, Principal::Agent(mayor.id));
    let main = pool(1, "main");
    let keys = [key(1, &main, "a"), key(2, &main, "b")];
    let happened = event("agent.created", "mayor");
    store.create_agent(&mayor, &first, &happened).await.unwrap();
    let happened = event("pool.created", "main");
    store.create_pool(&main, &happened).await.unwrap();
    let happened = [event("key.added", "a"), event("key.added", "b")];
    store.add_keys(&keys, &happened).await.unwrap();
}

/// A trigger that makes the log refuse every record of this action.
fn refusing(action: &str) -> String {
    format!(
        "CREATE TRIGGER full_log BEFORE INSERT ON audit WHEN NEW.action = '{action}'
         BEGIN SELECT raise(ABORT, 'no record'); END"
    )
}

#[tokio::test]
async fn a_change_that_cannot_be_recorded_does_not_happen() {
    let place = Place::new();
    let store = place.open().await;
    a_small_plane(&store).await;
    let mayor = Principal::Agent(agent(1, "mayor").id);
    let begun = family(1, mayor, token(1, mayor).kid);
    store.begin_family(&begun).await.unwrap();
    let set = budget(
        1,
        BudgetScope::EveryAgent,
        Quantity::Requests(Window::Total),
    );
    let happened = event("budget.set", "it");
    store.set_budget(&set, &happened).await.unwrap();
    let before = (store.snapshot().await, fleet(&store).await);
    place.sql(&refusing("test.refused")).await.unwrap();
    let no = event("test.refused", "x");
    let clerk = agent(2, "clerk");
    let whose = Principal::Agent(clerk.id);
    let mut main = pool(1, "main");
    main.max_wait_ms = 1;
    let new = key(3, &main, "c");
    let old = key(1, &main, "a");
    let mut renamed = old.clone();
    renamed.priority = 9;
    let facts = PoolFacts {
        released: vec![old.id],
        quarantined: vec![(
            old.id,
            portunus_core::provider_key::Quarantine::CredentialDead,
        )],
        events: vec![event("key.limited", "a"), no.clone()],
        ..PoolFacts::default()
    };
    let off = portunus_core::provider_key::KeySwitch::Disabled;
    let outcomes = [
        store.create_agent(&clerk, &token(2, whose), &no).await,
        store
            .delete_agent(agent(1, "mayor").id, at(9), &no)
            .await
            .map(drop),
        store
            .rotate_token(mayor, &token(3, mayor), at(9), &no)
            .await
            .map(drop),
        store
            .revoke_token(token(1, mayor).kid, at(9), Force::No, &no)
            .await
            .map(drop),
        store.create_pool(&pool(2, "other"), &no).await,
        store.update_pool(&main, &[old.id], &no).await,
        store.add_keys(&[new], std::slice::from_ref(&no)).await,
        store.update_key(&renamed, &no).await,
        store.switch_key(old.id, off, Force::Yes, &no).await,
        store.remove_key(old.id, Force::Yes, &no).await,
        store.save_pool_facts(&facts).await,
        store
            .add_signing_key(&signing_key(1, 100), None, at(0), &no)
            .await,
        store
            .set_budget(
                &budget(2, BudgetScope::EveryAgent, Quantity::Concurrency),
                &no,
            )
            .await,
        store.remove_budget(set.id, &no).await,
        store.end_families(&[begun.id], Some(&no)).await,
        store
            .raise_generation(agent(1, "mayor").id, &no)
            .await
            .map(drop),
    ];
    for outcome in outcomes {
        assert!(
            matches!(outcome, Err(StoreError::Unavailable(_))),
            "{outcome:?}"
        );
    }
    assert_eq!((store.snapshot().await, fleet(&store).await), before);
    let log = store
        .audit(AuditFilter::default(), Page::first(100))
        .await
        .unwrap();
    assert_eq!(log.items.len(), 5);
}

#[tokio::test]
async fn the_log_refuses_to_be_changed_shortened_or_to_leave_a_gap() {
    let place = Place::new();
    let store = place.open().await;
    a_small_plane(&store).await;
    let row = "'plane', NULL, 'x.forged', 'x', '[]', zeroblob(32)";
    for forged in [
        "UPDATE audit SET subject = 'somebody else' WHERE seq = 2".to_owned(),
        "DELETE FROM audit WHERE seq = 4".to_owned(),
        "DELETE FROM audit".to_owned(),
        format!("INSERT INTO audit VALUES (9, 1, {row})"),
        format!("INSERT INTO audit VALUES (NULL, 1, {row})"),
        format!("INSERT OR REPLACE INTO audit VALUES (2, 1, {row})"),
        format!("INSERT INTO audit VALUES (0, 1, {row})"),
        "UPDATE OR REPLACE audit SET seq = 1 WHERE seq = 2".to_owned(),
        "UPDATE audit SET leaf = zeroblob(32) WHERE seq = 2".to_owned(),
        "UPDATE audit SET leaf = NULL WHERE seq = 2".to_owned(),
        "INSERT INTO audit VALUES (5, 1, 'plane', NULL, 'x.forged', 'x', '[]', NULL)".to_owned(),
        "UPDATE audit_tree SET size = 3".to_owned(),
        "DELETE FROM audit_tree".to_owned(),
    ] {
        let refused = place.sql(&forged).await.unwrap_err();
        assert!(refused.contains("the audit log"), "{forged}: {refused}");
    }
    let log = store
        .audit(AuditFilter::default(), Page::first(100))
        .await
        .unwrap();
    let numbers: Vec<u64> = log.items.iter().map(|record| record.seq).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn records_written_at_once_are_numbered_without_a_gap() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    let write = async |store: &SqliteStore, name: &str| {
        for _ in 0..40 {
            let facts = PoolFacts {
                events: vec![event("key.limited", name), event("key.healed", name)],
                ..PoolFacts::default()
            };
            store.save_pool_facts(&facts).await.unwrap();
        }
    };
    tokio::join!(write(&one, "a"), write(&two, "b"), write(&one, "c"));
    let log = one
        .audit(AuditFilter::default(), Page::first(1_000))
        .await
        .unwrap();
    let numbers: Vec<u64> = log.items.iter().rev().map(|record| record.seq).collect();
    assert_eq!(numbers, (1..=240).collect::<Vec<u64>>());
    for pair in log.items.chunks(2) {
        assert_eq!(pair[0].subject, pair[1].subject, "a batch stays together");
    }
}

#[tokio::test]
async fn records_that_are_older_than_the_tree_are_taken_into_it() {
    let place = Place::new();
    let store = place.open().await;
    a_small_plane(&store).await;
    let facts = PoolFacts {
        events: (0..12_000).map(|_| event("key.limited", "a")).collect(),
        ..PoolFacts::default()
    };
    store.save_pool_facts(&facts).await.unwrap();
    let expected = store.audit_tree().await.unwrap();
    store.close().await;
    place.sql(crate::segments::BEFORE).await.unwrap();
    let began = std::time::Instant::now();
    let store = place.open().await;
    println!("12,000 older records were hashed in {:?}", began.elapsed());
    assert_eq!(store.audit_tree().await, Ok(expected.clone()));
    store
        .create_pool(&pool(2, "other"), &event("pool.created", "other"))
        .await
        .unwrap();
    let mut scrutiny = Scrutiny::new(Tree::default(), [Witness::from(&expected)]);
    let mut from = 1;
    loop {
        let page = store.logged_from(from, 1_000).await.unwrap();
        for logged in &page {
            scrutiny.look(logged).unwrap();
            from += 1;
        }
        if page.is_empty() {
            break;
        }
    }
    assert_eq!(scrutiny.finish().unwrap().size(), 12_005);
}

/// Without the triggers, as somebody with the file may have it.
const NO_GUARDS: &str =
    "DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_gap;
    DROP TRIGGER audit_tree_grows; DROP TRIGGER audit_tree_stays;";

#[tokio::test]
async fn a_log_that_lost_or_won_a_record_takes_no_other() {
    for change in [
        "DELETE FROM audit WHERE seq = 4",
        "INSERT INTO audit VALUES (5, 1, 'plane', NULL, 'x.forged', 'x', '[]', zeroblob(32))",
        "UPDATE audit SET seq = 9 WHERE seq = 4",
        "DELETE FROM audit_tree",
        "UPDATE audit_tree SET peaks = x''",
        "UPDATE audit_tree SET size = 5, peaks = zeroblob(64)",
    ] {
        let place = Place::new();
        let store = place.open().await;
        a_small_plane(&store).await;
        place.sql(&format!("{NO_GUARDS} {change}")).await.unwrap();
        let happened = event("pool.created", "other");
        let refused = store.create_pool(&pool(2, "other"), &happened).await;
        let refused = refused.unwrap_err();
        assert!(
            matches!(refused, StoreError::BrokenLog(_)),
            "{change}: {refused}"
        );
        assert_eq!(store.pools().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_a_record_costs_with_and_without_its_hash() {
    let place = Place::new();
    let store = place.open().await;
    let facts = PoolFacts {
        events: (0..10_000).map(|_| event("key.limited", "a")).collect(),
        ..PoolFacts::default()
    };
    let began = std::time::Instant::now();
    store.save_pool_facts(&facts).await.unwrap();
    let whole = began.elapsed() / 10_000;
    let began = std::time::Instant::now();
    let mut tree = Tree::default();
    for event in &facts.events {
        tree.append(event.numbered(tree.size() + 1).logged().leaf);
    }
    let hashing = began.elapsed() / 10_000;
    println!("a record in a batch costs {whole:?}, {hashing:?} of it for its place in the tree");
    assert_eq!(store.audit_tree().await, Ok(tree));
}
