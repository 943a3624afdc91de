//! P10 once, in the file itself: a change and its receipt are one transaction, whichever process writes.

use crate::place::Place;
use portunus_core::agent::Principal;
use portunus_core::ids::OperatorId;
use portunus_store::conformance::sample::{agent, at, claim, receipt, token, with_receipt};
use portunus_store::{ReceiptStore, Store, StoreError};
use portunus_store_sql::SqliteStore;

const ANN: Principal = Principal::Operator(OperatorId::from_bytes([1; 16]));

async fn create(store: &SqliteStore, number: u32, key: &str) -> Result<(), StoreError> {
    let agent = agent(number, &format!("agent-{number}"));
    let token = token(number, Principal::Agent(agent.id));
    let event = with_receipt(&receipt(claim(ANN, key), at(10)));
    store.create_agent(&agent, &token, &event).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p10_of_two_processes_one_carries_a_change_out() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    for round in 0..30_u32 {
        let key = format!("k{round}");
        let (first, second) = tokio::join!(
            create(&one, 2 * round + 1, &key),
            create(&two, 2 * round + 2, &key)
        );
        let outcomes = [&first, &second];
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1, "{outcomes:?}");
        assert!(outcomes.contains(&&Err(StoreError::AlreadyDone)));
    }
    for table in ["agents", "receipts", "audit"] {
        let rows = place.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, 30, "{table}");
    }
}

#[tokio::test]
async fn p10_a_crash_leaves_both_the_change_and_its_receipt_or_neither() {
    let place = Place::new();
    let store = place.open().await;
    for table in ["receipts", "audit"] {
        let broken = format!(
            "CREATE TRIGGER crash BEFORE INSERT ON {table}
             BEGIN SELECT raise(ROLLBACK, 'crash'); END"
        );
        place.sql(&broken).await.unwrap();
        let failed = create(&store, 1, "k").await;
        assert!(
            matches!(failed, Err(StoreError::Unavailable(_))),
            "{failed:?}"
        );
        place.sql("DROP TRIGGER crash").await.unwrap();
        let left = "SELECT (SELECT count(*) FROM agents) + (SELECT count(*) FROM receipts)";
        assert_eq!(place.number(left).await, 0, "{table}");
    }
    create(&store, 1, "k").await.unwrap();
    drop(store);
    let kept = place.open().await.receipt(&claim(ANN, "k")).await;
    assert_eq!(kept, Ok(Some(receipt(claim(ANN, "k"), at(10)))));
}

#[tokio::test]
async fn p10_a_dropped_change_happens_wholly_or_not() {
    let place = Place::new();
    let store = place.open().await;
    for number in 1..50_u32 {
        let key = format!("k{number}");
        let patience = std::time::Duration::from_micros(u64::from(number) * 10);
        let _dropped = tokio::time::timeout(patience, create(&store, number, &key)).await;
        match create(&store, number, &key).await {
            Ok(()) => {}
            // The first went through after all. The name and the identifier are taken before the claim is looked at.
            Err(error) => assert!(!matches!(error, StoreError::Unavailable(_)), "{error:?}"),
        }
    }
    for table in ["agents", "receipts", "audit"] {
        let rows = place.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, 49, "{table}");
    }
}
