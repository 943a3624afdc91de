//! P5: what is revoked is refused at the next request, and open streams hear of it.

use crate::plane::{Stage, prove};
use portunus_app::passwords::{Current, NewPassword, PasswordError, Tried};
use portunus_app::sessions::begin::{begin, by_password};
use portunus_app::tokens::rotate::Overlap;
use portunus_app::{AuthError, Session, agents, passwords, tokens};
use portunus_core::secret::Secret;
use std::time::Duration;

async fn ends(session: &Session) {
    let ended = tokio::time::timeout(Duration::from_secs(5), session.revoked.cancelled());
    ended
        .await
        .expect("an open stream must hear that its token ended");
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_its_streams_end() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    assert!(!session.revoked.is_cancelled());
    tokens::revoke(&stage.plane, stage.operator, session.kid, tokens::Force::No)
        .await
        .unwrap();
    assert_eq!(stage.prove(&token).await.unwrap_err(), AuthError::Revoked);
    ends(&session).await;
    let restarted = stage.restarted().await;
    assert_eq!(
        prove(&restarted, &token).await.unwrap_err(),
        AuthError::Revoked
    );
}

#[tokio::test]
async fn a_deleted_agents_tokens_end_the_predecessor_too() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    let new = tokens::rotate(
        &stage.plane,
        stage.operator,
        "mayor".into(),
        Overlap::default(),
    )
    .await;
    let sessions = [
        stage.prove(&old).await.unwrap(),
        stage.prove(&new.unwrap().token).await.unwrap(),
    ];
    let deleted = agents::delete(&stage.plane, stage.operator, "mayor".into())
        .await
        .unwrap();
    assert_eq!(deleted.revoked.len(), 2);
    assert_eq!(stage.prove(&old).await.unwrap_err(), AuthError::Revoked);
    for session in &sessions {
        ends(session).await;
    }
    let namesake = stage.agent("mayor").await;
    assert_eq!(stage.prove(&old).await.unwrap_err(), AuthError::Revoked);
    assert!(stage.prove(&namesake).await.is_ok());
}

#[tokio::test]
async fn a_predecessors_streams_outlive_its_overlap_but_not_its_agent() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    let stream = stage.prove(&old).await.unwrap();
    let new = tokens::rotate(
        &stage.plane,
        stage.operator,
        "mayor".into(),
        Overlap::default(),
    )
    .await;
    stage.prove(&new.unwrap().token).await.unwrap();
    stage.clock.advance(Duration::from_secs(61));
    assert_eq!(stage.prove(&old).await.unwrap_err(), AuthError::Expired);
    // P4: rotation breaks nothing that runs.
    assert!(!stream.revoked.is_cancelled());
    agents::delete(&stage.plane, stage.operator, "mayor".into())
        .await
        .unwrap();
    ends(&stream).await;
}

#[tokio::test]
async fn a_rotation_without_overlap_ends_the_predecessors_streams() {
    let stage = Stage::new().await;
    let old = stage.agent("mayor").await;
    let stream = stage.prove(&old).await.unwrap();
    let at_once = Overlap::from_millis(0).unwrap();
    let rotated = tokens::rotate(&stage.plane, stage.operator, "mayor".into(), at_once).await;
    rotated.unwrap();
    ends(&stream).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_half_revoked_token() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let session = stage.prove(&token).await.unwrap();
    let mut call = Box::pin(tokens::revoke(
        &stage.plane,
        stage.operator,
        session.kid,
        tokens::Force::No,
    ));
    // Polled once, then dropped: as when a client hangs up.
    let _ = futures_util::poll!(&mut call);
    drop(call);
    ends(&session).await;
    assert_eq!(stage.prove(&token).await.unwrap_err(), AuthError::Revoked);
}

#[tokio::test]
async fn a_password_that_was_compared_before_it_changed_signs_nobody_in() {
    let stage = Stage::new().await;
    let plane = &stage.plane;
    let session = stage.prove(&stage.operator_token).await.unwrap();
    let name = session.name().to_string();
    let change = async |password: &str| {
        let wanted = NewPassword {
            reference: name.clone(),
            password: Secret::new(password.to_owned()),
            current: Current {
                password: None,
                source: None,
            },
        };
        passwords::set(plane, session.clone(), wanted)
            .await
            .unwrap();
    };
    let sign_in = async |password: &str| {
        let tried = Tried {
            name: name.clone(),
            password: Secret::new(password.to_owned()),
            source: None,
            beside: None,
        };
        by_password(plane, tried).await.unwrap()
    };
    change("the password of old").await;
    let compared = sign_in("the password of old").await;
    change("the password of now").await;
    let refused = begin(plane, stage.operator, compared).await;
    assert_eq!(refused.unwrap_err(), PasswordError::Wrong.into());
    let compared = sign_in("the password of now").await;
    begin(plane, stage.operator, compared).await.unwrap();
}
