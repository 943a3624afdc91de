//! P2: a missing credential is answered at once and costs no failure.

use crate::plane::{Stage, bearer};
use http::HeaderMap;
use portunus_app::{AuthError, CredentialHeaders};

#[tokio::test]
async fn a_request_without_a_credential_is_missing_and_counts_as_no_failure() {
    let stage = Stage::new().await;
    for _ in 0..1_000 {
        let nothing = HeaderMap::new();
        let answer = stage
            .plane
            .authenticate(CredentialHeaders::of(&nothing))
            .await;
        assert_eq!(answer.unwrap_err(), AuthError::Missing);
    }
    let counts = stage.plane.authentication_counts();
    assert_eq!((counts.missing, counts.rejected), (1_000, 0));
}

#[tokio::test]
async fn a_wrong_credential_counts_and_is_told_apart() {
    let stage = Stage::new().await;
    let foreign = bearer("sk-ant-somebody-elses");
    let answer = stage
        .plane
        .authenticate(CredentialHeaders::of(&foreign))
        .await;
    assert_eq!(answer.unwrap_err(), AuthError::Foreign);
    let counts = stage.plane.authentication_counts();
    assert_eq!((counts.missing, counts.rejected), (0, 1));
}
