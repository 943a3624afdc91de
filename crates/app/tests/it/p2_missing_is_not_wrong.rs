//! P2: a missing credential is answered at once and costs no failure.

use crate::admission::listed;
use crate::plane::{PEER, Stage, bearer};
use http::HeaderMap;
use portunus_app::AuthError;
use portunus_app::admission::NotAdmitted;
use portunus_core::admission::Source;

#[tokio::test]
async fn a_request_without_a_credential_is_missing_and_counts_as_no_failure() {
    let stage = Stage::new().await;
    for _ in 0..1_000 {
        let answer = stage.plane.admit(&HeaderMap::new(), None).await;
        let missing = NotAdmitted::Credential(AuthError::Missing);
        assert_eq!(answer.unwrap_err(), missing);
    }
    let counts = stage.plane.authentication_counts();
    assert_eq!((counts.missing, counts.rejected), (1_000, 0));
}

#[tokio::test]
async fn a_wrong_credential_counts_and_is_told_apart() {
    let stage = Stage::new().await;
    let foreign = bearer("sk-ant-somebody-elses");
    let answer = stage.plane.admit(&foreign, None).await;
    let foreign = NotAdmitted::Credential(AuthError::Foreign);
    assert_eq!(answer.unwrap_err(), foreign);
    let counts = stage.plane.authentication_counts();
    assert_eq!((counts.missing, counts.rejected), (0, 1));
}

#[tokio::test]
async fn a_thousand_requests_without_a_credential_are_held_against_nobody() {
    let stage = Stage::new().await;
    for _ in 0..1_000 {
        let answer = stage.plane.admit(&HeaderMap::new(), Some(PEER)).await;
        let missing = NotAdmitted::Credential(AuthError::Missing);
        assert_eq!(answer.unwrap_err(), missing);
    }
    let now = stage.plane.now();
    let admission = stage.plane.admission();
    assert!(admission.may_guess(Source::of(PEER), now).is_ok());
    assert!(listed(&stage).is_empty());
    assert_eq!(admission.counts(now).unverified, 0);
}
