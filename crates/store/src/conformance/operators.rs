//! Cases about operators.

use super::sample::{at, event, family, name, operator, token};
use crate::{Force, Page, Store, StoreError};
use portunus_core::agent::Principal;
use portunus_core::credential::TokenState;
use portunus_core::operator::{Authority, Operator, Role};
use portunus_core::token::Kid;

/// The operator `number` and its token.
pub(super) async fn create(
    store: &dyn Store,
    number: u32,
    text: &str,
    authority: Authority,
) -> (Operator, Kid) {
    let operator = Operator {
        authority,
        ..operator(number, text)
    };
    let token = token(number, Principal::Operator(operator.id));
    let happened = event("operator.created", text);
    let created = store.create_operator(&operator, &token, &happened);
    created.await.unwrap();
    (operator, token.kid)
}

pub(super) async fn operators_come_in_pages_by_name(store: &dyn Store) {
    let explicit = Authority::new(Some(Role::Viewer), Some(name("keys.*"))).unwrap();
    let alone = Authority::new(None, Some(name("usage.read"))).unwrap();
    let (c, _) = create(store, 1, "c", Authority::everything()).await;
    let (a, _) = create(store, 2, "a", explicit).await;
    let (b, _) = create(store, 3, "b", alone).await;
    let mut page = Page::first(2);
    let first = store.operators(page.clone()).await.unwrap();
    assert_eq!(first.items, [a.clone(), b]);
    page.after = first.next;
    let last = store.operators(page).await.unwrap();
    assert_eq!((last.items, last.next), (vec![c], None));
    assert_eq!(store.operator_by_name(&a.name).await, Ok(a));
    let nobody = store.operator_by_name(&name("nobody")).await;
    assert_eq!(nobody, Err(StoreError::NotFound));
}

pub(super) async fn a_changed_operator_keeps_tokens_and_loses_families(store: &dyn Store) {
    create(store, 1, "boss", Authority::everything()).await;
    let (mut ann, kid) = create(store, 2, "ann", Authority::everything()).await;
    let whose = Principal::Operator(ann.id);
    store.begin_family(&family(1, whose, kid)).await.unwrap();
    let happened = event("operator.updated", "ann");
    ann.authority = Authority::of(Role::Viewer);
    let changed = store.update_operator(ann.id, &ann.authority, Force::No, &happened);
    changed.await.unwrap();
    assert_eq!(store.operator(ann.id).await, Ok(ann));
    assert_eq!(store.snapshot().await.unwrap().families, []);
    let state = store.token(kid).await.unwrap().unwrap().state;
    assert_eq!(state, TokenState::Active);
    let nobody = operator(9, "nobody");
    let refused = store.update_operator(nobody.id, &nobody.authority, Force::Yes, &happened);
    assert_eq!(refused.await, Err(StoreError::NotFound));
}

pub(super) async fn deleting_an_operator_ends_tokens_and_families(store: &dyn Store) {
    create(store, 1, "boss", Authority::everything()).await;
    let (ann, kid) = create(store, 2, "ann", Authority::of(Role::Viewer)).await;
    let whose = Principal::Operator(ann.id);
    store.begin_family(&family(1, whose, kid)).await.unwrap();
    let happened = event("operator.deleted", "ann");
    let delete = || store.delete_operator(ann.id, at(7), Force::No, &happened);
    assert_eq!(delete().await, Ok(vec![kid]));
    assert_eq!(delete().await, Err(StoreError::NotFound));
    let state = store.token(kid).await.unwrap().unwrap().state;
    assert_eq!(state, TokenState::Revoked { at: at(7) });
    assert_eq!(store.snapshot().await.unwrap().families, []);
    let (again, _) = create(store, 3, "ann", Authority::of(Role::Viewer)).await;
    assert_eq!(store.operator_by_name(&ann.name).await, Ok(again));
}

pub(super) async fn the_last_administrator_stays_unless_forced(store: &dyn Store) {
    let (boss, _) = create(store, 1, "boss", Authority::everything()).await;
    create(store, 2, "viewer", Authority::of(Role::Viewer)).await;
    let viewer = Authority::of(Role::Viewer);
    let happened = event("operator.deleted", "boss");
    let delete = |force| store.delete_operator(boss.id, at(7), force, &happened);
    let narrow = |force| store.update_operator(boss.id, &viewer, force, &happened);
    assert_eq!(delete(Force::No).await, Err(StoreError::LastAdministrator));
    assert_eq!(narrow(Force::No).await, Err(StoreError::LastAdministrator));
    // Everything by scopes is everything too, and a token that ends is not enough.
    let by_scopes = Authority::new(None, Some(name("*.*"))).unwrap();
    let (second, kid) = create(store, 3, "second", by_scopes).await;
    assert_eq!(narrow(Force::No).await, Ok(()));
    let refused = store.revoke_token(kid, at(8), Force::No, &happened);
    assert_eq!(refused.await, Err(StoreError::LastOperatorToken));
    let everything = Authority::everything();
    let widened = store.update_operator(boss.id, &everything, Force::No, &happened);
    widened.await.unwrap();
    let revoked = store.revoke_token(kid, at(8), Force::No, &happened);
    assert_eq!(revoked.await, Ok(None));
    assert_eq!(delete(Force::No).await, Err(StoreError::LastAdministrator));
    let gone = store.delete_operator(second.id, at(9), Force::No, &happened);
    assert_eq!(gone.await, Ok(vec![]));
    assert_eq!(delete(Force::Yes).await.map(|ended| ended.len()), Ok(1));
}
