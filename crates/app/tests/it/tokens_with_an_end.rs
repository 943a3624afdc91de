//! Time-boxed tokens: refused from their end on, with what came of them, and nothing under way is cut.

use crate::plane::{Stage, pepper, prove};
use portunus_app::access::exchange;
use portunus_app::agents::create::Wish;
use portunus_app::operators::ChangeError;
use portunus_app::tokens::rotate::{Overlap, Terms};
use portunus_app::{AuthError, agents, tokens};
use portunus_core::access::ClaimsError;
use portunus_core::secret::Secret;
use portunus_core::time::{Clock, Timestamp};
use portunus_core::token::{Kid, TokenKind};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn within(stage: &Stage, span: Duration) -> Option<Timestamp> {
    let millis = u64::try_from(span.as_millis()).unwrap();
    Some(stage.clock.now().plus_ms(millis))
}

async fn contractor(stage: &Stage, life: Duration) -> Secret {
    let wish = Wish {
        expires_at: within(stage, life),
        ..Wish::named("contractor".parse().unwrap())
    };
    let created = agents::create_with(&stage.plane, stage.operator, wish).await;
    created.unwrap().token
}

#[tokio::test]
async fn a_token_with_an_end_is_refused_from_then_on_and_p4_its_requests_run_on() {
    let stage = Stage::new().await;
    let token = contractor(&stage, 8 * HOUR).await;
    stage.clock.advance(8 * HOUR - Duration::from_millis(1));
    let running = stage.prove(&token).await.unwrap();
    assert_eq!(
        running.expires_at(),
        within(&stage, Duration::from_millis(1))
    );
    stage.clock.advance(Duration::from_millis(1));
    assert_eq!(stage.prove(&token).await.unwrap_err(), AuthError::TimeOver);
    assert!(!running.revoked.is_cancelled(), "an end is no revocation");
    let restarted = stage.restarted().await;
    let refused = prove(&restarted, &token).await.unwrap_err();
    assert_eq!(refused, AuthError::TimeOver);
    assert!(refused.to_string().contains("expired"));
    // P5: what still runs ends with its agent.
    let deleted = agents::delete(&stage.plane, stage.operator, "contractor".into()).await;
    deleted.unwrap();
    assert!(running.revoked.is_cancelled());
}

#[tokio::test]
async fn what_came_of_a_token_ends_no_later_than_it() {
    let stage = Stage::new().await;
    let token = contractor(&stage, HOUR / 12).await;
    let access = exchange(&stage.plane, token, None).await.unwrap();
    assert_eq!(
        access.expires_in_s, 300,
        "ten minutes are longer than it has"
    );
    stage.prove(&access.token).await.unwrap();
    let narrowed = Some("self.*".parse().unwrap());
    let narrowed = exchange(&stage.plane, access.token.clone(), narrowed).await;
    let narrowed = narrowed.unwrap();
    let session = stage.prove(&narrowed.token).await.unwrap();
    assert_eq!(session.expires_at(), within(&stage, HOUR / 12));
    stage.clock.advance(HOUR / 12);
    for access in [access, narrowed] {
        let refused = stage.prove(&access.token).await.unwrap_err();
        assert_eq!(refused, AuthError::Access(ClaimsError::Expired));
        let renewed = exchange(&stage.plane, access.token, None).await;
        assert!(renewed.is_err(), "nothing is renewed beyond the token");
    }
}

#[tokio::test]
async fn p3_an_expired_token_is_rotated_by_an_operator() {
    let stage = Stage::new().await;
    let first = contractor(&stage, HOUR).await;
    let running = stage.prove(&first).await.unwrap();
    stage.clock.advance(HOUR);
    let terms = Terms {
        expires_at: within(&stage, HOUR),
        ..Terms::default()
    };
    let rotate = |terms| tokens::rotate(&stage.plane, stage.operator, "contractor".into(), terms);
    let second = rotate(terms).await.unwrap();
    assert!(
        second.retiring.is_none(),
        "what has expired does not keep working"
    );
    stage.prove(&second.token).await.unwrap();
    assert_eq!(stage.prove(&first).await.unwrap_err(), AuthError::TimeOver);
    assert!(!running.revoked.is_cancelled());
    let third = rotate(Terms::default()).await.unwrap();
    assert_eq!(third.retiring.map(|token| token.kid), Some(second.kid));
    stage.clock.advance(HOUR);
    assert_eq!(
        stage.prove(&second.token).await.unwrap_err(),
        AuthError::TimeOver
    );
    stage.prove(&third.token).await.unwrap();
    let states = stage.restarted().await;
    assert!(prove(&states, &third.token).await.is_ok());
}

#[tokio::test]
async fn the_only_operator_keeps_a_token_that_lasts() {
    let stage = Stage::new().await;
    let terms = Terms {
        overlap: Overlap::default(),
        expires_at: within(&stage, HOUR),
    };
    let by = stage.prove(&stage.operator_token).await.unwrap();
    let refused = tokens::rotate_operator(&stage.plane, by, "operator".into(), terms).await;
    assert_eq!(refused.unwrap_err(), ChangeError::NoneWouldLast);
    stage.prove(&stage.operator_token).await.unwrap();
}

#[tokio::test]
async fn only_who_has_the_secret_hears_what_became_of_a_token() {
    let stage = Stage::new().await;
    let token = stage.agent("mayor").await;
    let deleted = agents::delete(&stage.plane, stage.operator, "mayor".into()).await;
    deleted.unwrap();
    assert_eq!(stage.prove(&token).await.unwrap_err(), AuthError::Revoked);
    let forged = with_another_secret(token.expose());
    assert_eq!(stage.prove(&forged).await.unwrap_err(), AuthError::Unknown);
}

/// A token of the same kid, with a secret that was not given to anybody.
fn with_another_secret(token: &str) -> Secret {
    let kid: Kid = token[5..27].parse().unwrap();
    let mut random = [7; 44];
    random[..12].copy_from_slice(&kid.as_bytes()[..12]);
    pepper().mint(TokenKind::Agent, &random).text
}
