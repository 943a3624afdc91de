//! Cases about receipts: a change that is asked for under a key happens once.

use super::sample::{
    agent, at, board, budget, bytes, claim, event, key, operator, pool, receipt, token,
    with_receipt,
};
use super::{agents, sample};
use crate::{AuditFilter, Force, Page, Standing, Store, StoreError};
use portunus_core::agent::Principal;
use portunus_core::audit::AuditEvent;
use portunus_core::budget::{BudgetScope, Quantity};
use portunus_core::ids::OperatorId;
use portunus_core::liveness::Watch;
use portunus_core::once::{Fingerprint, KEPT_MS, Receipt, Secrecy};

pub(super) const ANN: Principal = Principal::Operator(OperatorId::from_bytes([1; 16]));

async fn create(
    store: &dyn Store,
    number: u32,
    name: &str,
    event: &AuditEvent,
) -> Result<(), StoreError> {
    let agent = agent(number, name);
    let token = token(number, Principal::Agent(agent.id));
    store.create_agent(&agent, &token, event).await
}

pub(super) async fn p10_a_change_and_its_receipt_are_one(store: &dyn Store) {
    let receipt = receipt(claim(ANN, "k"), at(10));
    assert_eq!(store.receipt(&receipt.claim).await, Ok(None));
    let created = create(store, 1, "mayor", &with_receipt(&receipt)).await;
    assert_eq!(created, Ok(()));
    assert_eq!(
        store.receipt(&receipt.claim).await,
        Ok(Some(receipt.clone()))
    );
    // Another change under the same claim leaves no trace.
    let again = create(store, 2, "clerk", &with_receipt(&receipt)).await;
    assert_eq!(again, Err(StoreError::AlreadyDone));
    assert_eq!(
        store
            .agents(Standing::Living, Page::first(9))
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    let log = store.audit(AuditFilter::default(), Page::first(9)).await;
    assert_eq!(log.unwrap().items.len(), 1);
    // A change that does not happen keeps no receipt.
    let refused = claim(ANN, "refused");
    let taken = sample::receipt(refused.clone(), at(11));
    let taken = create(store, 3, "mayor", &with_receipt(&taken)).await;
    assert_eq!(taken, Err(StoreError::NameTaken));
    assert_eq!(store.receipt(&refused).await, Ok(None));
    // Nor is anybody else's claim touched, nor the same key on another route.
    let mut elsewhere = receipt.claim.clone();
    elsewhere.route = "DELETE /api/v1/agents/{agent}".into();
    let other = Principal::Operator(OperatorId::from_bytes([2; 16]));
    for claim in [elsewhere, claim(other, "k")] {
        assert_eq!(store.receipt(&claim).await, Ok(None));
    }
}

/// Each change that a claim is made for, under one that is used up.
pub(super) async fn p10_nothing_is_changed_again_under_its_claim(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await;
    let (board, pool) = (board(1, "ops", "night"), pool(1, "main"));
    let plain = event("made", "it");
    store.create_board(&board, &plain).await.unwrap();
    store.create_pool(&pool, &plain).await.unwrap();
    let limit = budget(1, BudgetScope::EveryAgent, Quantity::Concurrency);
    store.set_budget(&limit, &plain).await.unwrap();
    let used = receipt(claim(ANN, "k"), at(10));
    store.keep_receipt(&used).await.unwrap();
    let again = &with_receipt(&used);
    macro_rules! refused {
        ($($change:expr),* $(,)?) => {
            $(
                let done = $change.await.map(drop);
                assert_eq!(done, Err(StoreError::AlreadyDone), stringify!($change));
            )*
        };
    }
    let (other_board, other_pool) = (sample::board(2, "day", ""), sample::pool(2, "other"));
    let ann = operator(3, "ann");
    let token_of_ann = token(3, Principal::Operator(ann.id));
    refused![
        create(store, 2, "clerk", again),
        store.update_agent(&mayor, &[], again),
        store.watch_agent(mayor.id, Watch::Paused, again),
        store.raise_generation(mayor.id, again),
        store.archive_agent(mayor.id, at(11), again),
        store.delete_agent(mayor.id, at(11), again),
        store.create_operator(&ann, &token_of_ann, again),
        store.create_board(&other_board, again),
        store.update_board(&board, again),
        store.delete_board(board.id, at(11), again),
        store.create_pool(&other_pool, again),
        store.update_pool(&pool, &[], again),
        store.add_keys(&[key(1, &pool, "a")], std::slice::from_ref(again)),
        store.set_budget(&limit, again),
        store.remove_budget(limit.id, again),
    ];
    let log = store.audit(AuditFilter::default(), Page::first(9)).await;
    assert_eq!(log.unwrap().items.len(), 4, "what was done without a claim");
    assert_eq!(store.liveness_from(mayor.id, 1).await, Ok(Vec::new()));
}

pub(super) async fn p10_a_claim_counts_for_a_day(store: &dyn Store) {
    let first = receipt(claim(ANN, "k"), at(10));
    store.keep_receipt(&first).await.unwrap();
    let mut early = receipt(claim(ANN, "k"), at(10 + KEPT_MS - 1));
    assert_eq!(
        store.keep_receipt(&early).await,
        Err(StoreError::AlreadyDone)
    );
    assert_eq!(
        create(store, 1, "mayor", &with_receipt(&early)).await,
        Err(StoreError::AlreadyDone)
    );
    assert_eq!(store.receipt(&first.claim).await, Ok(Some(first.clone())));
    early.at = at(10 + KEPT_MS);
    early.fingerprint = Fingerprint::from_bytes([0; 32]);
    early.done = None;
    early.secrecy = Secrecy::Plain;
    store.keep_receipt(&early).await.unwrap();
    assert_eq!(store.receipt(&first.claim).await, Ok(Some(early)));
}

pub(super) async fn answers_with_secrets_go_first(store: &dyn Store) {
    let old = receipt(claim(ANN, "old"), at(10));
    let mut plain = receipt(claim(ANN, "plain"), at(20));
    plain.secrecy = Secrecy::Plain;
    let secret = receipt(claim(ANN, "secret"), at(20));
    let young = receipt(claim(ANN, "young"), at(30));
    for receipt in [&old, &plain, &secret, &young] {
        store.keep_receipt(receipt).await.unwrap();
    }
    store.forget_receipts(at(20), at(30)).await.unwrap();
    assert_eq!(store.receipt(&old.claim).await, Ok(None));
    assert_eq!(store.receipt(&plain.claim).await, Ok(Some(plain.clone())));
    assert_eq!(store.receipt(&young.claim).await, Ok(Some(young.clone())));
    let dropped = Receipt {
        answer: None,
        ..secret
    };
    let kept = store.receipt(&dropped.claim).await;
    assert_eq!(kept, Ok(Some(dropped)));
}

pub(super) async fn receipts_end_with_their_principal(store: &dyn Store) {
    let mayor = agents::create(store, 1, "mayor").await;
    let clerk = agents::create(store, 2, "clerk").await;
    let of_mayor = receipt(claim(Principal::Agent(mayor.id), "k"), at(10));
    let of_clerk = receipt(claim(Principal::Agent(clerk.id), "k"), at(10));
    let same_bytes = Principal::Operator(OperatorId::from_bytes(bytes(1)));
    let of_operator = receipt(claim(same_bytes, "k"), at(10));
    for receipt in [&of_mayor, &of_clerk, &of_operator] {
        store.keep_receipt(receipt).await.unwrap();
    }
    let gone = event("agent.deleted", "mayor");
    store.delete_agent(mayor.id, at(11), &gone).await.unwrap();
    assert_eq!(store.receipt(&of_mayor.claim).await, Ok(None));
    let (ann, of_ann) = (
        operator(3, "ann"),
        Principal::Operator(OperatorId::from_bytes(bytes(3))),
    );
    let created = event("operator.created", "ann");
    let tokens = token(3, of_ann);
    store
        .create_operator(&ann, &tokens, &created)
        .await
        .unwrap();
    let of_ann = receipt(claim(of_ann, "k"), at(10));
    store.keep_receipt(&of_ann).await.unwrap();
    let gone = event("operator.deleted", "ann");
    let deleted = store.delete_operator(ann.id, at(11), Force::Yes, &gone);
    deleted.await.unwrap();
    assert_eq!(store.receipt(&of_ann.claim).await, Ok(None));
    for receipt in [of_clerk, of_operator] {
        let kept = store.receipt(&receipt.claim).await;
        assert_eq!(kept, Ok(Some(receipt)));
    }
}
