//! Cases about signing keys and families of access tokens.

use super::agents;
use super::sample::{at, event, family, signing_key, token};
use crate::{Force, Store, StoreError};
use portunus_core::access::family::Issue;
use portunus_core::access::{SigningState, TokenFamily};
use portunus_core::agent::{Agent, Principal};
use portunus_core::ids::{AgentId, FamilyId};
use portunus_core::token::Kid;

async fn families(store: &dyn Store) -> Vec<FamilyId> {
    let snapshot = store.snapshot().await.unwrap();
    let mut ids: Vec<FamilyId> = snapshot.families.iter().map(|family| family.id).collect();
    ids.sort();
    ids
}

/// The agent `number`, its token, and a family of it for each of the numbers.
async fn with_families(
    store: &dyn Store,
    number: u32,
    of: &[u32],
) -> (Agent, Kid, Vec<TokenFamily>) {
    let agent = agents::create(store, number, &format!("agent-{number}")).await;
    let whose = Principal::Agent(agent.id);
    let tokens = store.tokens(Some(whose), crate::Page::first(10)).await;
    let kid = tokens.unwrap().items[0].kid;
    let mut begun = Vec::new();
    for number in of {
        let family = family(*number, whose, kid);
        store.begin_family(&family).await.unwrap();
        begun.push(family);
    }
    (agent, kid, begun)
}

pub(super) async fn one_key_signs_and_older_ones_verify_for_a_while(store: &dyn Store) {
    let made = event("signing.created", "it");
    let first = signing_key(1, 100);
    let add = store.add_signing_key(&first, None, at(0), &made);
    add.await.unwrap();
    let twice = signing_key(2, 100);
    let refused = store.add_signing_key(&twice, None, at(0), &made).await;
    assert!(matches!(refused, Err(StoreError::Inconsistent(_))));
    let second = signing_key(2, 200);
    let add = store.add_signing_key(&second, Some(first.id), at(500), &made);
    add.await.unwrap();
    let mut keys = store.snapshot().await.unwrap().signing_keys;
    keys.sort_by_key(|key| key.id);
    let mut retired = first.clone();
    retired.state = SigningState::Retiring { until: at(500) };
    assert_eq!(keys, [retired, second.clone()]);
    let late = signing_key(3, 300);
    let refused = store.add_signing_key(&late, Some(first.id), at(600), &made);
    assert!(matches!(refused.await, Err(StoreError::Inconsistent(_))));
    // The first one verifies no longer.
    let third = signing_key(3, 500);
    let add = store.add_signing_key(&third, Some(second.id), at(900), &made);
    add.await.unwrap();
    let mut keys = store.snapshot().await.unwrap().signing_keys;
    keys.sort_by_key(|key| key.id);
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0].state, SigningState::Retiring { until: at(900) });
    assert_eq!(keys[1], third);
}

pub(super) async fn a_family_is_kept_as_it_was_saved(store: &dyn Store) {
    let (_, _, begun) = with_families(store, 1, &[1]).await;
    assert_eq!(store.snapshot().await.unwrap().families, begun);
    let again = store.begin_family(&begun[0]).await;
    assert!(matches!(again, Err(StoreError::Inconsistent(_))));
    let renewed = TokenFamily {
        current: Issue {
            jti: Kid::from_bytes([9; 16]),
            at: at(2_000),
            used_at: Some(at(2_500)),
        },
        previous: Some(begun[0].current.jti),
        ..begun[0].clone()
    };
    store.save_family(&renewed).await.unwrap();
    assert_eq!(
        store.snapshot().await.unwrap().families,
        std::slice::from_ref(&renewed)
    );
    let child = TokenFamily {
        parent: Some(renewed.id),
        scope: "self.show".parse().unwrap(),
        ..family(2, renewed.principal, renewed.token)
    };
    store.begin_family(&child).await.unwrap();
    let ended = event("family.revoked", "it");
    let both = [renewed.id, child.id];
    store.end_families(&both[..1], Some(&ended)).await.unwrap();
    assert_eq!(store.snapshot().await.unwrap().families, [child]);
    store.end_families(&both, None).await.unwrap();
    assert_eq!(families(store).await, []);
    assert_eq!(store.save_family(&renewed).await, Err(StoreError::NotFound));
}

pub(super) async fn a_family_needs_a_living_token(store: &dyn Store) {
    let (agent, kid, _) = with_families(store, 1, &[]).await;
    let whose = Principal::Agent(agent.id);
    let nobody = Principal::Agent(AgentId::from_bytes([9; 16]));
    for refused in [
        family(1, nobody, kid),
        family(1, whose, Kid::from_bytes([9; 16])),
    ] {
        let refused = store.begin_family(&refused).await;
        assert_eq!(refused, Err(StoreError::NotFound));
    }
    let revoked = event("token.revoked", "it");
    let revoke = store.revoke_token(kid, at(5), Force::No, &revoked);
    revoke.await.unwrap();
    let refused = store.begin_family(&family(1, whose, kid)).await;
    assert_eq!(refused, Err(StoreError::NotFound));
    assert_eq!(families(store).await, []);
}

pub(super) async fn families_end_with_their_token_and_their_agent(store: &dyn Store) {
    let (_, kid, _) = with_families(store, 1, &[1, 2]).await;
    let (other, _, kept) = with_families(store, 2, &[3]).await;
    let revoked = event("token.revoked", "it");
    let revoke = store.revoke_token(kid, at(5), Force::No, &revoked);
    revoke.await.unwrap();
    assert_eq!(families(store).await, [kept[0].id]);
    let deleted = event("agent.deleted", "it");
    store.delete_agent(other.id, at(6), &deleted).await.unwrap();
    assert_eq!(families(store).await, []);
}

pub(super) async fn an_overlap_of_zero_ends_families_and_another_rotation_does_not(
    store: &dyn Store,
) {
    let (agent, _, begun) = with_families(store, 1, &[1]).await;
    let whose = Principal::Agent(agent.id);
    let rotated = event("token.rotated", "it");
    for number in [50, 51] {
        let successor = token(number, whose);
        let rotate = store.rotate_token(whose, &successor, at(10), &rotated);
        rotate.await.unwrap();
        store.mark_first_use(successor.kid, at(11)).await.unwrap();
    }
    // Its token has ended by then, and it goes on.
    assert_eq!(families(store).await, [begun[0].id]);
    let later = family(2, whose, token(51, whose).kid);
    store.begin_family(&later).await.unwrap();
    let mut at_once = token(52, whose);
    at_once.overlap_ms = 0;
    let rotate = store.rotate_token(whose, &at_once, at(20), &rotated);
    rotate.await.unwrap();
    assert_eq!(families(store).await, []);
}

pub(super) async fn raising_the_generation_ends_families(store: &dyn Store) {
    let (agent, _, _) = with_families(store, 1, &[1]).await;
    let (_, _, kept) = with_families(store, 2, &[2]).await;
    let raised = event("agent.generation_raised", "it");
    assert_eq!(store.raise_generation(agent.id, &raised).await, Ok(1));
    assert_eq!(store.raise_generation(agent.id, &raised).await, Ok(2));
    assert_eq!(store.agent(agent.id).await.unwrap().generation, 2);
    assert_eq!(families(store).await, [kept[0].id]);
    let nobody = AgentId::from_bytes([9; 16]);
    let refused = store.raise_generation(nobody, &raised).await;
    assert_eq!(refused, Err(StoreError::NotFound));
}
