//! Cases about pools.

use super::sample::{at, bytes, event, key, name, pool};
use crate::{Store, StoreError};
use portunus_core::ids::PoolId;
use portunus_core::provider_key::{Pool, Protocol, Quarantine};

pub(super) async fn create(store: &dyn Store, number: u32, text: &str) -> Pool {
    let pool = pool(number, text);
    let event = event("pool.created", text);
    store.create_pool(&pool, &event).await.unwrap();
    pool
}

pub(super) async fn a_pool_is_created_once_per_name(store: &dyn Store) {
    let second = create(store, 2, "openai").await;
    let first = create(store, 3, "anthropic").await;
    let all = vec![first, second];
    assert_eq!(store.pools().await.unwrap(), all);
    let happened = event("pool.created", "openai");
    let refused = store.create_pool(&pool(4, "openai"), &happened).await;
    assert_eq!(refused, Err(StoreError::NameTaken));
    assert_eq!(store.pools().await.unwrap(), all);
}

pub(super) async fn a_fallback_must_exist(store: &dyn Store) {
    let happened = event("pool.created", "main");
    let mut main = pool(1, "main");
    main.fallback = Some(PoolId::from_bytes(bytes(2)));
    let refused = store.create_pool(&main, &happened).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    create(store, 2, "spare").await;
    store.create_pool(&main, &happened).await.unwrap();
    assert_eq!(store.pools().await.unwrap()[0], main);
    main.fallback = Some(PoolId::from_bytes(bytes(3)));
    let refused = store.update_pool(&main, &[], &happened).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    main.fallback = None;
    store.update_pool(&main, &[], &happened).await.unwrap();
    assert_eq!(store.pools().await.unwrap()[0].fallback, None);
}

pub(super) async fn an_update_sets_named_keys_aside(store: &dyn Store) {
    let old = create(store, 1, "main").await;
    let other = create(store, 2, "other").await;
    let [a, b, c] = [key(1, &old, "a"), key(2, &old, "b"), key(3, &other, "c")];
    let happened = event("pool.changed", "main");
    let keys = [a.clone(), b.clone(), c.clone()];
    store.add_keys(&keys, &[]).await.unwrap();

    let new = Pool {
        name: name("renamed"),
        base_url: "https://elsewhere.example".into(),
        max_wait_ms: 0,
        wrapped_data_key: vec![9],
        protocol: Protocol::OpenAi,
        created_at: at(999),
        ..old.clone()
    };
    store
        .update_pool(&new, &[a.id, c.id], &happened)
        .await
        .unwrap();
    let stored = store.pools().await.unwrap().pop().unwrap();
    let kept = (old.protocol, old.created_at);
    assert_eq!((stored.protocol, stored.created_at), kept);
    assert_eq!(stored.base_url, new.base_url);
    assert_eq!((stored.name, stored.max_wait_ms), (new.name.clone(), 0));
    let aside = store.key(a.id).await.unwrap().quarantine;
    assert_eq!(aside, Some(Quarantine::OriginChanged));
    assert_eq!(store.key(b.id).await.unwrap(), b);
    assert_eq!(store.key(c.id).await.unwrap(), c);

    let taken = Pool {
        name: other.name,
        ..new.clone()
    };
    let refused = store.update_pool(&taken, &[b.id], &happened).await;
    assert_eq!(refused, Err(StoreError::NameTaken));
    assert_eq!(store.key(b.id).await.unwrap(), b);
    let unknown = pool(9, "unknown");
    let refused = store.update_pool(&unknown, &[], &happened).await;
    assert_eq!(refused, Err(StoreError::NotFound));
}
