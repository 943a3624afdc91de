//! P10 once: who holds a claim, and what a repetition gets.

use crate::plane::Stage;
use portunus_app::agents;
use portunus_app::failure::Failure;
use portunus_app::once::{Answer, Asked, Attempt, Begun, NotBegun, begin, look_again};
use portunus_core::once::{Claim, Secrecy};
use portunus_store::memory::Outage;
use std::sync::Arc;
use zeroize::Zeroizing;

fn claim(stage: &Stage) -> Claim {
    Claim {
        by: stage.operator,
        route: "POST /api/v1/agents".to_owned(),
        key: "k".parse().unwrap(),
    }
}

async fn first(stage: &Stage) -> Arc<Attempt> {
    match begin(&stage.plane, claim(stage), &[b"a"]).await {
        Ok(Begun::First(attempt)) => attempt,
        other => panic!("{other:?}"),
    }
}

fn told() -> Answer {
    Answer {
        status: 201,
        secrecy: Secrecy::Plain,
        body: Zeroizing::new(b"{}".to_vec()),
    }
}

#[tokio::test]
async fn p10_a_claim_is_held_until_nothing_runs_under_it() {
    let stage = Stage::new().await;
    let attempt = first(&stage).await;
    // The client goes away; the use case still has what it was asked.
    let asked: Asked<()> = Asked::under(stage.operator, Arc::clone(&attempt), |()| told());
    drop(attempt);
    let again = begin(&stage.plane, claim(&stage), &[b"a"]).await;
    assert_eq!(again.unwrap_err(), NotBegun::Running);
    let other = begin(&stage.plane, claim(&stage), &[b"b"]).await;
    assert_eq!(other.unwrap_err(), NotBegun::Different);
    // Another key is another claim.
    let mut elsewhere = claim(&stage);
    elsewhere.key = "l".parse().unwrap();
    let elsewhere = begin(&stage.plane, elsewhere, &[b"a"]).await;
    assert!(matches!(elsewhere, Ok(Begun::First(_))));
    drop(asked);
    first(&stage).await;
}

#[tokio::test]
async fn p10_an_answer_that_was_thought_lost_is_found_again() {
    let stage = Stage::new().await;
    let attempt = first(&stage).await;
    assert!(look_again(&stage.plane, &attempt).await.unwrap().is_none());
    let asked = Asked::under(stage.operator, Arc::clone(&attempt), |_| told());
    let created = agents::create(&stage.plane, asked, "mayor".parse().unwrap());
    created.await.unwrap();
    let found = look_again(&stage.plane, &attempt).await.unwrap().unwrap();
    assert_eq!((found.status, &found.body[..]), (201, &b"{}"[..]));
    // The change under the same claim does not happen again, whatever it is.
    let asked = Asked::under(stage.operator, Arc::clone(&attempt), |_| told());
    let again = agents::create(&stage.plane, asked, "clerk".parse().unwrap()).await;
    let again = again.unwrap_err();
    assert!(
        matches!(
            again,
            agents::create::CreateError::Failure(Failure::AlreadyDone)
        ),
        "{again:?}"
    );
    drop(attempt);
    // A repetition after a restart gets it too.
    let plane = stage.restarted().await;
    let repeated = begin(&plane, claim(&stage), &[b"a"]).await;
    assert!(matches!(repeated, Ok(Begun::Repeated(answer)) if answer.body == found.body));
}

#[tokio::test]
async fn while_the_database_is_down_a_key_is_refused_and_nothing_is_held() {
    let stage = Stage::new().await;
    stage.store.outage(Outage::Begins);
    let refused = begin(&stage.plane, claim(&stage), &[b"a"]).await;
    assert!(matches!(
        refused,
        Err(NotBegun::Failure(Failure::StoreUnavailable(_)))
    ));
    stage.store.outage(Outage::Ends);
    first(&stage).await;
}
