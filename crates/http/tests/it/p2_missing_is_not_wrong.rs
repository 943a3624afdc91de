//! P2: a missing credential is a typed answer without an error code, and no failure.

use crate::api::Api;
use http::Method;

#[tokio::test]
async fn the_answer_names_the_scheme_and_no_error() {
    let api = Api::new().await;
    let before = api.plane.authentication_counts();
    let answer = api
        .call_as("", Method::GET, "/api/v1/whoami", None)
        .await
        .is(401);
    assert_eq!(answer.code(), "missing_credential");
    assert_eq!(
        answer.header("www-authenticate"),
        "Bearer realm=\"portunus\""
    );
    let after = api.plane.authentication_counts();
    assert_eq!(after.rejected, before.rejected);
    assert_eq!(after.missing, before.missing + 1);
}

#[tokio::test]
async fn a_wrong_one_is_an_invalid_token() {
    let api = Api::new().await;
    for wrong in ["sk-ant-other", "ptna_cut", "ptno_0000"] {
        let answer = api
            .call_as(wrong, Method::GET, "/api/v1/whoami", None)
            .await
            .is(401);
        assert_eq!(answer.code(), "invalid_token");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert!(
            !answer.text.contains(wrong),
            "the credential is not repeated"
        );
    }
    assert_eq!(api.plane.authentication_counts().rejected, 3);
}

#[tokio::test]
async fn two_different_tokens_are_a_contradiction() {
    let api = Api::new().await;
    let agent = api.agent("mayor").await;
    let request = http::Request::get("/api/v1/whoami")
        .header("authorization", format!("Bearer {}", api.operator))
        .header("x-api-key", agent);
    let answer = api
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(answer.is(400).code(), "two_tokens");
}
