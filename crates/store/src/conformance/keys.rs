//! Cases about provider keys.

use super::agents;
use super::pools::create;
use super::sample::{at, event, key, name, pool, rest, window};
use crate::{Binding, Force, Page, PoolFacts, Store, StoreError};
use portunus_core::provider_key::{KeySwitch, ProviderKey, Quarantine};

async fn labels(store: &dyn Store) -> Vec<String> {
    let keys = store.keys(None, Page::first(100)).await.unwrap();
    keys.items.iter().map(|key| key.label.to_string()).collect()
}

pub(super) async fn keys_are_added_all_or_none(store: &dyn Store) {
    let main = create(store, 1, "main").await;
    let happened = event("key.added", "main");
    let both = [key(1, &main, "a"), key(2, &main, "a")];
    let refused = store
        .add_keys(&both, &[happened.clone(), happened.clone()])
        .await;
    let label = name("a");
    assert_eq!(refused, Err(StoreError::LabelTaken { label }));
    assert_eq!(labels(store).await, Vec::<String>::new());
    let foreign = key(3, &pool(9, "unknown"), "c");
    let both = [key(1, &main, "a"), foreign];
    let refused = store.add_keys(&both, std::slice::from_ref(&happened)).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    let both = [key(1, &main, "a"), key(2, &main, "b")];
    store.add_keys(&both, &[happened]).await.unwrap();
    assert_eq!(labels(store).await, ["a", "b"]);
    assert_eq!(store.key(both[1].id).await.unwrap(), both[1]);
}

pub(super) async fn a_secret_is_in_a_pool_once(store: &dyn Store) {
    let main = create(store, 1, "main").await;
    let other = create(store, 2, "other").await;
    let first = key(1, &main, "a");
    let same = |key: ProviderKey| ProviderKey {
        fingerprint: first.fingerprint,
        ..key
    };
    store
        .add_keys(std::slice::from_ref(&first), &[])
        .await
        .unwrap();
    let refused = store.add_keys(&[same(key(2, &main, "b"))], &[]).await;
    let label = first.label.clone();
    assert_eq!(refused, Err(StoreError::DuplicateSecret { label }));
    store
        .add_keys(&[same(key(2, &other, "a")), key(3, &main, "b")], &[])
        .await
        .unwrap();
    let renamed = ProviderKey {
        label: first.label.clone(),
        ..key(3, &main, "b")
    };
    let happened = event("key.changed", "b");
    let refused = store.update_key(&renamed, &happened).await;
    let label = first.label.clone();
    assert_eq!(refused, Err(StoreError::LabelTaken { label }));
    let refused = store.update_key(&same(key(3, &main, "b")), &happened).await;
    let label = first.label.clone();
    assert_eq!(refused, Err(StoreError::DuplicateSecret { label }));
}

pub(super) async fn an_update_keeps_pool_and_switch(store: &dyn Store) {
    let main = create(store, 1, "main").await;
    let other = create(store, 2, "other").await;
    let old = key(1, &main, "a");
    store
        .add_keys(std::slice::from_ref(&old), &[])
        .await
        .unwrap();
    let new = ProviderKey {
        label: name("b"),
        priority: 7,
        base_url: Some("https://eu.example/anthropic".into()),
        sealed_secret: vec![7, 7],
        fingerprint: [7; 8],
        quarantine: Some(Quarantine::CredentialDead),
        ..old.clone()
    };
    let wrong = ProviderKey {
        pool: other.id,
        switch: KeySwitch::Disabled,
        created_at: at(999),
        ..new.clone()
    };
    let happened = event("key.changed", "b");
    store.update_key(&wrong, &happened).await.unwrap();
    assert_eq!(store.key(old.id).await.unwrap(), new);
    let refused = store.update_key(&key(9, &main, "c"), &happened).await;
    assert_eq!(refused, Err(StoreError::NotFound));
}

pub(super) async fn the_last_enabled_key_stays_unless_forced(store: &dyn Store) {
    let main = create(store, 1, "main").await;
    let other = create(store, 2, "other").await;
    let [a, b] = [key(1, &main, "a"), key(2, &main, "b")];
    let keys = [a.clone(), b.clone(), key(3, &other, "c")];
    store.add_keys(&keys, &[]).await.unwrap();
    let happened = event("key.disabled", "a");
    let off = KeySwitch::Disabled;
    let last = Err(StoreError::LastEnabledKey);

    let done = store.switch_key(a.id, off, Force::No, &happened).await;
    assert_eq!(done, Ok(()));
    let again = store.switch_key(a.id, off, Force::No, &happened).await;
    assert_eq!(again, Ok(()), "a disabled key is nobody's last");
    let refused = store.switch_key(b.id, off, Force::No, &happened).await;
    assert_eq!(refused, last);
    assert_eq!(store.remove_key(b.id, Force::No, &happened).await, last);
    assert_eq!(store.key(b.id).await.unwrap(), b);
    assert_eq!(store.remove_key(a.id, Force::No, &happened).await, Ok(()));
    let forced = store.switch_key(b.id, off, Force::Yes, &happened).await;
    assert_eq!(forced, Ok(()));
    assert_eq!(store.key(b.id).await.unwrap().switch, off);
    let on = KeySwitch::Enabled;
    let back = store.switch_key(b.id, on, Force::No, &happened).await;
    assert_eq!(back, Ok(()));
    assert_eq!(store.remove_key(b.id, Force::Yes, &happened).await, Ok(()));
    let gone = store.remove_key(b.id, Force::Yes, &happened).await;
    assert_eq!(gone, Err(StoreError::NotFound));
    let gone = store.switch_key(b.id, on, Force::No, &happened).await;
    assert_eq!(gone, Err(StoreError::NotFound));
}

pub(super) async fn keys_come_in_pages_by_pool_and_label(store: &dyn Store) {
    let main = create(store, 2, "main").await;
    let other = create(store, 1, "other").await;
    let keys = [
        key(1, &other, "b"),
        key(2, &main, "z.9"),
        key(3, &main, "Z_1"),
        key(4, &other, "a"),
    ];
    store.add_keys(&keys, &[]).await.unwrap();
    assert_eq!(labels(store).await, ["Z_1", "z.9", "a", "b"]);
    let mut page = Page::first(2);
    let first = store.keys(None, page.clone()).await.unwrap();
    page.after = first.next;
    let rest = store.keys(None, page.clone()).await.unwrap();
    assert_eq!(rest.items, vec![keys[3].clone(), keys[0].clone()]);
    assert_eq!(rest.next, None);
    page.after = None;
    let own = store.keys(Some(main.id), page).await.unwrap();
    assert_eq!(own.items, vec![keys[2].clone(), keys[1].clone()]);
    assert_eq!(own.next, None);
}

pub(super) async fn removing_a_key_removes_its_rests_and_keeps_its_bindings(store: &dyn Store) {
    let agent = agents::create(store, 1, "mayor").await;
    let main = create(store, 1, "main").await;
    let keys = [key(1, &main, "a"), key(2, &main, "b")];
    store.add_keys(&keys, &[]).await.unwrap();
    let rests = keys.clone().map(|key| rest(key.id, window(None, "5h"), 50));
    let binding = Binding {
        object: [8; 16],
        agent: agent.id,
        key: keys[0].id,
        at: at(9),
    };
    let facts = PoolFacts {
        rests_set: rests.to_vec(),
        bindings: vec![binding],
        ..PoolFacts::default()
    };
    store.save_pool_facts(&facts).await.unwrap();
    let happened = event("key.removed", "a");
    store
        .remove_key(keys[0].id, Force::No, &happened)
        .await
        .unwrap();
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!(snapshot.rests, vec![rests[1].clone()]);
    let bound = store.binding([8; 16], agent.id).await.unwrap();
    assert_eq!(bound, Some(keys[0].id));
}
