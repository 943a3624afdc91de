//! The first start: it happens once, and an operator whose token was lost never existed.

use crate::plane::{Stage, pepper};
use portunus_app::bootstrap::first_start;
use portunus_app::pools::Vault;
use portunus_core::time::Timestamp;
use portunus_store::memory::MemoryStore;
use portunus_store::{AuditFilter, Page, Store};
use zeroize::Zeroizing;

#[tokio::test]
async fn a_first_start_that_stops_before_the_token_counts_is_repeated() {
    let (store, vault) = (MemoryStore::default(), Vault::new(&Zeroizing::new([1; 32])));
    let pepper = pepper();
    let start = || first_start(&store, Timestamp::from_secs(1), &pepper, &vault);
    let interrupted = start().await.unwrap();
    drop(interrupted);
    let first = start().await.unwrap().expect("nobody was stored");
    first.store(&store).await.unwrap();
    assert!(start().await.unwrap().is_none());
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!((snapshot.operators.len(), snapshot.pools.len()), (1, 2));
}

#[tokio::test]
async fn the_first_operators_token_works_and_the_start_is_on_record() {
    let stage = Stage::new().await;
    let session = stage.prove(&stage.operator_token).await.unwrap();
    assert_eq!(&**session.name(), "operator");
    let log = stage
        .store
        .audit(AuditFilter::default(), Page::first(10))
        .await
        .unwrap();
    let actions: Vec<_> = log
        .items
        .iter()
        .map(|record| record.action.as_str())
        .collect();
    assert_eq!(
        actions,
        [
            "signing.created",
            "audit.key_created",
            "operator.created",
            "pool.created",
            "pool.created"
        ]
    );
}
