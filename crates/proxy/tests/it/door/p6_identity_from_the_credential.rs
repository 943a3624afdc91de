//! P6: who acts comes from the credential alone.

use super::message;
use super::plant::{Answer, Plant};
use portunus_core::agent::Principal;
use portunus_store::{AuditFilter, Page, Store};
use portunus_testkit::Answer as Upstream;

#[tokio::test]
async fn names_in_headers_queries_and_bodies_change_nothing() {
    let plant = Plant::with_keys(2).await;
    let token = plant.agent("mayor").await;
    plant.agent("clerk").await;
    let mayor = plant.plane.authenticate_text(&token).await.unwrap();
    plant
        .provider
        .key("sk-1")
        .script([Upstream::rate_limited().header("retry-after", "9")]);
    plant.provider.key("sk-2").script([]);
    let mut body = message(false);
    body["metadata"] = serde_json::json!({"user_id": "clerk", "agent": "clerk"});
    let headers = [
        ("x-agent", "clerk"),
        ("x-portunus-agent", "clerk"),
        ("x-forwarded-user", "clerk"),
    ];
    for _ in 0..2 {
        let sent = plant
            .send(&token, "/v1/messages?agent=clerk", &body, &headers)
            .await;
        let answer = Answer::read(sent).await;
        assert_eq!(answer.status, 200);
        let asked = plant.decision(&answer).await;
        assert_eq!(asked.agent.map(Principal::Agent), Some(mayor.principal));
    }
    plant.plane.flush().await.unwrap();
    let filter = AuditFilter {
        action_prefix: Some("attempt.".to_owned()),
        subjects: Vec::new(),
    };
    let log = plant
        .store
        .audit(
            filter,
            Page {
                after: None,
                limit: 10,
            },
        )
        .await
        .unwrap();
    assert!(!log.items.is_empty());
    for record in log.items {
        let agent = record.details.iter().find(|(name, _)| name == "agent");
        assert_eq!(agent.map(|(_, value)| value.as_str()), Some("mayor"));
    }
}
