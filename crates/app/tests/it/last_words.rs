//! What is written behind requests is written at the end of a plane: all that the store takes, whatever it does not take.

use crate::plane::{PEER, Stage, prove};
use portunus_app::liveness::{Beat, beat};
use portunus_core::admission::{FailedCredential, Source};
use portunus_core::time::Clock;
use portunus_store::memory::Outage;
use portunus_store::{AuditFilter, Day, Page, Store};
use portunus_testkit::decision::served;
use std::time::Duration;

async fn failed_credentials(stage: &Stage) -> usize {
    let log = stage
        .store
        .audit(AuditFilter::default(), Page::first(1_000));
    let records = log.await.unwrap().items.into_iter();
    records.filter(|one| one.action == "auth.failed").count()
}

#[tokio::test(start_paused = true)]
async fn what_the_store_does_not_take_holds_nothing_else_up() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let token = stage.agent("mayor").await;
    let session = prove(plane, &token).await.unwrap();
    let heard = beat(plane, &session, Beat::default()).await.unwrap();
    stage.clock.advance(Duration::from_secs(5));
    prove(plane, &token).await.unwrap();
    stage.store.spoil(heard.agent);
    plane.ledger().record(&served(1, stage.clock.now()));
    plane.sign_in_failed(Source::of(PEER), FailedCredential::Password);
    plane.flush().await.unwrap_err();
    let day = Day::of(stage.clock.now());
    let usage = stage.store.usage_rows(day, day).await.unwrap();
    assert_eq!((usage.len(), failed_credentials(&stage).await), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn failed_credentials_that_waited_for_the_database_are_among_the_last_words() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    plane.sign_in_failed(Source::of(PEER), FailedCredential::Password);
    // The minute is over, and is tried to be written.
    stage.clock.advance(Duration::from_secs(61));
    stage.store.outage(Outage::Begins);
    tokio::time::sleep(Duration::from_secs(6)).await;
    stage.store.outage(Outage::Ends);
    plane.flush().await.unwrap();
    assert_eq!(failed_credentials(&stage).await, 1);
}
