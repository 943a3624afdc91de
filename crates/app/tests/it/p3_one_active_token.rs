//! P3 and the rules of rotation: one active token, at most one predecessor, and a lost reply strands nobody.

use crate::plane::{Stage, prove};
use portunus_app::tokens;
use portunus_app::tokens::rotate::{Overlap, Rotated};
use portunus_core::secret::Secret;
use portunus_store::memory::Outage;
use std::time::Duration;

async fn rotate(stage: &Stage, overlap: Overlap) -> Rotated {
    let rotated = tokens::rotate(&stage.plane, stage.operator, "mayor".into(), overlap);
    rotated.await.unwrap()
}

async fn works(stage: &Stage, token: &Secret) -> bool {
    let here = stage.prove(token).await.is_ok();
    let restarted = stage.restarted().await;
    let after_restart = prove(&restarted, token).await.is_ok();
    assert_eq!(here, after_restart, "memory and store must agree");
    here
}

#[tokio::test]
async fn a_predecessor_works_until_its_successors_first_use_and_the_overlap() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    stage.prove(&old).await.unwrap();
    let new = rotate(&stage, Overlap::default()).await;
    assert!(new.retiring.is_some());
    stage.clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert!(works(&stage, &old).await, "the successor was never used");
    stage.prove(&new.token).await.unwrap();
    stage.plane.flush().await.unwrap();
    stage.clock.advance(Duration::from_millis(59_999));
    assert!(works(&stage, &old).await);
    stage.clock.advance(Duration::from_millis(1));
    assert!(!works(&stage, &old).await);
    assert!(works(&stage, &new.token).await);
}

#[tokio::test]
async fn an_overlap_of_zero_ends_the_predecessor_in_the_same_transaction() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    let new = rotate(&stage, Overlap::from_millis(0).unwrap()).await;
    assert_eq!((new.retiring.is_none(), new.revoked.len()), (true, 1));
    assert!(!works(&stage, &old).await);
    assert!(works(&stage, &new.token).await);
}

#[tokio::test]
async fn a_lost_reply_strands_nobody() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    stage.prove(&old).await.unwrap();
    let lost = rotate(&stage, Overlap::default()).await;
    let second = rotate(&stage, Overlap::default()).await;
    assert_eq!(second.revoked, [lost.kid]);
    assert!(
        works(&stage, &old).await,
        "the agent still works with the first"
    );
    assert!(!works(&stage, &lost.token).await);
    assert!(works(&stage, &second.token).await);
}

#[tokio::test]
async fn a_used_successor_retires_and_the_oldest_ends() {
    let stage = Stage::new().await;
    let first = stage.agent("mayor").await;
    let second = rotate(&stage, Overlap::default()).await;
    // The store hears of this use only when the next rotation asks it to decide.
    stage.prove(&second.token).await.unwrap();
    let third = rotate(&stage, Overlap::default()).await;
    assert!(!works(&stage, &first).await);
    assert!(works(&stage, &second.token).await);
    assert!(works(&stage, &third.token).await);
}

#[tokio::test]
async fn a_first_use_during_an_outage_is_written_when_it_ends() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    let new = rotate(&stage, Overlap::default()).await;
    stage.store.outage(Outage::Begins);
    stage.prove(&new.token).await.unwrap();
    stage.clock.advance(Duration::from_secs(60));
    assert!(stage.prove(&old).await.is_err(), "memory knows at once");
    stage.store.outage(Outage::Ends);
    stage.plane.flush().await.unwrap();
    assert!(!works(&stage, &old).await);
}

#[tokio::test]
async fn forty_rotations_at_once_leave_one_active_and_one_retiring() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    stage.prove(&old).await.unwrap();
    let rotations = (0..40).map(|_| rotate(&stage, Overlap::default()));
    let rotated = futures_util::future::join_all(rotations).await;
    let mut working = 0;
    for rotated in &rotated {
        working += usize::from(stage.prove(&rotated.token).await.is_ok());
    }
    assert_eq!(working, 1);
    assert!(stage.prove(&old).await.is_ok());
}

#[tokio::test]
async fn revoking_an_unused_successor_gives_its_place_back() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    let lost = rotate(&stage, Overlap::default()).await;
    tokens::revoke(&stage.plane, stage.operator, lost.kid, tokens::Force::No)
        .await
        .unwrap();
    assert!(!works(&stage, &lost.token).await);
    assert!(works(&stage, &old).await);
    // The old one is the active one again: its own successor retires it, and not before its first use.
    let next = rotate(&stage, Overlap::default()).await;
    assert_eq!(
        next.retiring.map(|token| token.kid),
        Some(stage.prove(&old).await.unwrap().kid)
    );
    stage.prove(&next.token).await.unwrap();
    stage.plane.flush().await.unwrap();
    stage.clock.advance(Duration::from_secs(60));
    assert!(!works(&stage, &old).await);
}

#[tokio::test]
async fn a_used_successor_that_is_revoked_gives_nothing_back() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    let new = rotate(&stage, Overlap::default()).await;
    // The store hears of this use only when the revocation asks it to decide.
    stage.prove(&new.token).await.unwrap();
    tokens::revoke(&stage.plane, stage.operator, new.kid, tokens::Force::No)
        .await
        .unwrap();
    stage.clock.advance(Duration::from_secs(60));
    assert!(!works(&stage, &old).await);
}
