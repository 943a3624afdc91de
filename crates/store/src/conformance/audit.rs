//! Cases about what proves the audit log: leaves, tree, key, checkpoints.

use super::agents;
use super::sample::{at, bytes, event};
use crate::{PoolFacts, Store, StoreError};
use portunus_core::audit::note::VerifierKey;
use portunus_core::audit::scrutiny::{Scrutiny, Witness};
use portunus_core::audit::{AuditKey, SignedCheckpoint, Tree};
use portunus_core::ids::AuditKeyId;

fn key(number: u8) -> AuditKey {
    AuditKey {
        id: AuditKeyId::from_bytes(bytes(number.into())),
        verifier: VerifierKey::new("urn:portunus:test".into(), [number; 32]).unwrap(),
        sealed: vec![number, 0, 255],
        created_at: at(7),
    }
}

fn checkpoint(size: u64) -> SignedCheckpoint {
    SignedCheckpoint {
        size,
        at: at(size),
        note: format!("of {size}\n"),
    }
}

pub(super) async fn p12_every_record_is_a_leaf_of_the_tree(store: &dyn Store) {
    assert_eq!(store.audit_tree().await, Ok(Tree::default()));
    agents::create(store, 1, "mayor").await;
    let facts = PoolFacts {
        events: (0..9).map(|_| event("key.limited", "a")).collect(),
        ..PoolFacts::default()
    };
    store.save_pool_facts(&facts).await.unwrap();
    let tree = store.audit_tree().await.unwrap();
    assert_eq!(tree.size(), 10);
    let mut scrutiny = Scrutiny::new(Tree::default(), [Witness::from(&tree)]);
    for (from, limit) in [(1, 4), (5, 3), (8, 1_000)] {
        for logged in store.logged_from(from, limit).await.unwrap() {
            scrutiny.look(&logged).unwrap();
        }
    }
    assert_eq!(scrutiny.finish(), Ok(tree.clone()));
    assert_eq!(store.audit_tree_of(10).await, Ok(tree));
    assert_eq!(store.audit_tree_of(0).await, Ok(Tree::default()));
    let seven = store.audit_tree_of(7).await.unwrap();
    let mut scrutiny = Scrutiny::new(seven, []);
    for logged in store.logged_from(8, 3).await.unwrap() {
        scrutiny.look(&logged).unwrap();
    }
    assert_eq!(scrutiny.finish().ok(), store.audit_tree().await.ok());
    assert_eq!(store.audit_tree_of(11).await, Err(StoreError::NotFound));
    assert_eq!(store.first_logged_since(at(0)).await, Ok(Some(1)));
    let never = at(u64::from(u32::MAX));
    assert_eq!(store.first_logged_since(never).await, Ok(None));
    assert_eq!(store.logged_from(11, 9).await, Ok(Vec::new()));
}

pub(super) async fn p12_one_key_signs_the_log(store: &dyn Store) {
    assert_eq!(store.snapshot().await.unwrap().audit_key, None);
    let made = event("audit.key_created", "it");
    store.add_audit_key(&key(1), &made).await.unwrap();
    let second = store.add_audit_key(&key(2), &made).await;
    assert!(matches!(second, Err(StoreError::Inconsistent(_))));
    assert_eq!(store.snapshot().await.unwrap().audit_key, Some(key(1)));
    assert_eq!(store.audit_tree().await.unwrap().size(), 1);
}

pub(super) async fn p12_checkpoints_are_added_behind_the_newest(store: &dyn Store) {
    assert_eq!(store.newest_checkpoint().await, Ok(None));
    for size in [1, 5, 5, 3, 9] {
        store.add_checkpoint(&checkpoint(size)).await.unwrap();
    }
    assert_eq!(store.newest_checkpoint().await, Ok(Some(checkpoint(9))));
    let all = store.checkpoints_from(0, 9).await.unwrap();
    assert_eq!(all, [1, 5, 9].map(checkpoint));
    let some = store.checkpoints_from(2, 1).await.unwrap();
    assert_eq!(some, [checkpoint(5)]);
}
