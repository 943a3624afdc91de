//! Cases about tokens: one active and one retiring per principal (P3), whatever the order of events.

use super::agents::create;
use super::sample::{at, event, operator, token};
use crate::{Force, Page, Rotation, Store, StoreError};
use portunus_core::agent::Principal;
use portunus_core::credential::{TokenRecord, TokenState};

async fn rotate(store: &dyn Store, successor: &TokenRecord, now: u64) -> Rotation {
    store
        .rotate_token(
            successor.principal,
            successor,
            at(now),
            &event("token.rotated", "mayor"),
        )
        .await
        .unwrap()
}

async fn state(store: &dyn Store, token: &TokenRecord) -> TokenState {
    store.token(token.kid).await.unwrap().unwrap().state
}

async fn three_tokens(store: &dyn Store) -> [TokenRecord; 3] {
    let principal = Principal::Agent(create(store, 1, "mayor").await.id);
    [1, 2, 3].map(|number| token(number, principal))
}

const WAITING: TokenState = TokenState::Retiring { until: None };

pub(super) async fn rotating_twice_without_use_leaves_the_predecessor(store: &dyn Store) {
    let [a, b, c] = three_tokens(store).await;
    store.mark_first_use(a.kid, at(2)).await.unwrap();
    let first = rotate(store, &b, 10).await;
    let retiring = first.retiring.unwrap();
    assert_eq!((retiring.kid, retiring.state), (a.kid, WAITING));
    assert_eq!(first.revoked, vec![]);
    let second = rotate(store, &c, 20).await;
    assert_eq!(second.retiring.unwrap().kid, a.kid);
    assert_eq!(second.revoked, vec![b.kid]);
    assert_eq!(state(store, &a).await, WAITING);
    assert_eq!(state(store, &b).await, TokenState::Revoked { at: at(20) });
    assert_eq!(state(store, &c).await, TokenState::Active);
}

pub(super) async fn the_first_use_ends_the_predecessor_after_the_overlap(store: &dyn Store) {
    let [a, b, _] = three_tokens(store).await;
    rotate(store, &b, 10).await;
    store.mark_first_use(a.kid, at(11)).await.unwrap();
    assert_eq!(state(store, &a).await, WAITING);
    for now in [20, 999] {
        store.mark_first_use(b.kid, at(now)).await.unwrap();
    }
    let until = Some(at(20 + b.overlap_ms));
    assert_eq!(state(store, &a).await, TokenState::Retiring { until });
    let used = store.token(b.kid).await.unwrap().unwrap();
    assert_eq!(used.first_used_at, Some(at(20)));
    let unknown = token(9, a.principal);
    let refused = store.mark_first_use(unknown.kid, at(5)).await;
    assert_eq!(refused, Err(StoreError::NotFound));
}

pub(super) async fn an_overlap_of_zero_ends_the_predecessor_at_once(store: &dyn Store) {
    let [a, b, mut c] = three_tokens(store).await;
    rotate(store, &b, 10).await;
    c.overlap_ms = 0;
    let mut rotation = rotate(store, &c, 20).await;
    rotation.revoked.sort();
    assert_eq!(rotation.retiring, None);
    assert_eq!(rotation.revoked, vec![a.kid, b.kid]);
    assert_eq!(state(store, &a).await, TokenState::Revoked { at: at(20) });
}

pub(super) async fn a_rotation_after_use_ends_the_oldest(store: &dyn Store) {
    let [a, b, c] = three_tokens(store).await;
    rotate(store, &b, 10).await;
    store.mark_first_use(b.kid, at(11)).await.unwrap();
    let rotation = rotate(store, &c, 12).await;
    assert_eq!(rotation.retiring.unwrap().kid, b.kid);
    assert_eq!(rotation.revoked, vec![a.kid]);
    assert_eq!(state(store, &a).await, TokenState::Revoked { at: at(12) });
    assert_eq!(state(store, &b).await, WAITING);
}

pub(super) async fn nobody_rotates_for_a_deleted_agent(store: &dyn Store) {
    let agent = create(store, 1, "mayor").await;
    let principal = Principal::Agent(agent.id);
    let happened = event("agent.deleted", "mayor");
    store
        .delete_agent(agent.id, at(5), &happened)
        .await
        .unwrap();
    let late = token(2, principal);
    let refused = store.rotate_token(principal, &late, at(6), &happened).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    assert_eq!(store.token(late.kid).await.unwrap(), None);
}

pub(super) async fn a_token_is_revoked_once(store: &dyn Store) {
    let [a, b, _] = three_tokens(store).await;
    let happened = event("token.revoked", "mayor");
    store
        .revoke_token(a.kid, at(9), Force::No, &happened)
        .await
        .unwrap();
    assert_eq!(state(store, &a).await, TokenState::Revoked { at: at(9) });
    let again = store
        .revoke_token(a.kid, at(10), Force::No, &happened)
        .await;
    assert_eq!(again, Err(StoreError::AlreadyRevoked));
    let unknown = store
        .revoke_token(b.kid, at(10), Force::No, &happened)
        .await;
    assert_eq!(unknown, Err(StoreError::NotFound));
    store.mark_first_use(a.kid, at(11)).await.unwrap();
    assert_eq!(state(store, &a).await, TokenState::Revoked { at: at(9) });
}

pub(super) async fn revoking_an_unused_successor_gives_its_place_back(store: &dyn Store) {
    let [a, b, c] = three_tokens(store).await;
    rotate(store, &b, 10).await;
    let happened = event("token.revoked", "mayor");
    let revoke = |kid, now| store.revoke_token(kid, at(now), Force::No, &happened);
    let heir = revoke(b.kid, 11).await.unwrap().unwrap();
    assert_eq!((heir.kid, heir.state), (a.kid, TokenState::Active));
    assert_eq!(state(store, &a).await, TokenState::Active);
    assert_eq!(state(store, &b).await, TokenState::Revoked { at: at(11) });
    rotate(store, &c, 12).await;
    store.mark_first_use(c.kid, at(13)).await.unwrap();
    assert_eq!(revoke(c.kid, 14).await, Ok(None), "a used one has no heir");
    assert_ne!(state(store, &a).await, TokenState::Active);
}

pub(super) async fn the_last_operator_token_stays_unless_forced(store: &dyn Store) {
    let boss = operator(4, "admin");
    let principal = Principal::Operator(boss.id);
    let [first, second] = [token(4, principal), token(5, principal)];
    let happened = event("operator.created", "admin");
    store
        .create_operator(&boss, &first, &happened)
        .await
        .unwrap();
    create(store, 1, "mayor").await;
    let revoke = |kid, force| store.revoke_token(kid, at(9), force, &happened);
    let refused = revoke(first.kid, Force::No).await;
    assert_eq!(refused, Err(StoreError::LastOperatorToken));
    rotate(store, &second, 10).await;
    store.mark_first_use(second.kid, at(11)).await.unwrap();
    let refused = revoke(second.kid, Force::No).await;
    assert_eq!(
        refused,
        Err(StoreError::LastOperatorToken),
        "the other one ends"
    );
    assert_eq!(revoke(first.kid, Force::No).await, Ok(None));
    assert_eq!(revoke(second.kid, Force::Yes).await, Ok(None));
}

pub(super) async fn the_end_of_a_token_is_kept_and_an_expired_one_keeps_its_place(
    store: &dyn Store,
) {
    let [_, mut b, c] = three_tokens(store).await;
    b.expires_at = Some(at(500));
    rotate(store, &b, 10).await;
    store.mark_first_use(b.kid, at(11)).await.unwrap();
    assert_eq!(
        store.token(b.kid).await.unwrap(),
        Some(TokenRecord {
            first_used_at: Some(at(11)),
            ..b.clone()
        })
    );
    let rotation = rotate(store, &c, 900).await;
    let retiring = rotation.retiring.unwrap();
    assert_eq!((retiring.kid, retiring.state), (b.kid, WAITING));
    assert_eq!(
        (retiring.expires_at, retiring.is_valid(at(900))),
        (b.expires_at, false)
    );
    assert_eq!(state(store, &c).await, TokenState::Active);
}

pub(super) async fn the_only_operator_gets_no_token_that_expires(store: &dyn Store) {
    let people = [operator(4, "admin"), operator(5, "other")];
    let happened = event("operator.created", "admin");
    let whose = people.each_ref().map(|one| Principal::Operator(one.id));
    let tokens = [token(4, whose[0]), token(5, whose[1])];
    let create = |one: usize| store.create_operator(&people[one], &tokens[one], &happened);
    create(0).await.unwrap();
    let ends = TokenRecord {
        expires_at: Some(at(500)),
        ..token(6, whose[0])
    };
    let refused = store.rotate_token(whose[0], &ends, at(10), &happened).await;
    assert_eq!(refused, Err(StoreError::LastAdministrator));
    assert_eq!(store.token(ends.kid).await.unwrap(), None);
    create(1).await.unwrap();
    rotate(store, &ends, 10).await;
    store.mark_first_use(ends.kid, at(11)).await.unwrap();
    let refused = store
        .revoke_token(tokens[1].kid, at(12), Force::No, &happened)
        .await;
    assert_eq!(
        refused,
        Err(StoreError::LastOperatorToken),
        "the other one ends"
    );
}

pub(super) async fn rotating_after_a_revocation_issues_anew(store: &dyn Store) {
    let [a, b, c] = three_tokens(store).await;
    rotate(store, &b, 10).await;
    let happened = event("token.revoked", "mayor");
    store
        .revoke_token(b.kid, at(11), Force::No, &happened)
        .await
        .unwrap();
    let rotation = rotate(store, &c, 12).await;
    assert_eq!(rotation.retiring.unwrap().kid, a.kid);
    assert_eq!(rotation.revoked, vec![]);
    assert_eq!(state(store, &c).await, TokenState::Active);
}

pub(super) async fn tokens_come_newest_first_also_of_one_principal(store: &dyn Store) {
    let [a, b, c] = three_tokens(store).await;
    rotate(store, &b, 10).await;
    rotate(store, &c, 11).await;
    let boss = operator(4, "admin");
    let d = token(4, Principal::Operator(boss.id));
    let happened = event("operator.created", "admin");
    store.create_operator(&boss, &d, &happened).await.unwrap();

    let mut page = Page::first(3);
    let first = store.tokens(None, page.clone()).await.unwrap();
    let kids: Vec<_> = first.items.iter().map(|token| token.kid).collect();
    assert_eq!(kids, [d.kid, c.kid, b.kid]);
    page.after = first.next;
    let rest = store.tokens(None, page).await.unwrap();
    assert_eq!(rest.items.len(), 1);
    assert_eq!((rest.items[0].kid, rest.next), (a.kid, None));
    let page = Page::first(0);
    let own = store.tokens(Some(a.principal), page).await.unwrap();
    assert_eq!(own.items.len(), 1);
    assert_eq!(own.items[0].kid, c.kid);
    assert!(own.next.is_some());
}
