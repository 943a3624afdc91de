//! P2: a missing credential is told apart from a wrong one, and costs nobody anything.

use super::message;
use super::plant::Plant;

#[tokio::test]
async fn missing_has_no_error_code_and_wrong_has_one() {
    let plant = Plant::with_keys(1).await;
    let token = plant.agent("mayor").await;
    for _ in 0..200 {
        let answer = plant.call("", "/v1/messages", &message(false)).await;
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"portunus\""
        );
        assert_eq!(answer.header("x-should-retry"), "false");
        assert_eq!(answer.json()["error"]["type"], "authentication_error");
    }
    let counts = plant.plane.authentication_counts();
    assert_eq!((counts.missing, counts.rejected), (200, 0));
    let answer = plant
        .call("ptna_wrong", "/v1/messages", &message(false))
        .await;
    assert_eq!(answer.status, 401);
    assert!(
        answer
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
    assert_eq!(plant.plane.authentication_counts().rejected, 1);
    let decision = plant.decision(&answer).await;
    assert_eq!((decision.agent, &*decision.endpoint), (None, "messages"));
    assert_eq!(
        plant
            .call(&token, "/v1/messages", &message(false))
            .await
            .status,
        200
    );
}
