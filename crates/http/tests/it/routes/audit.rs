//! `/api/v1/audit`: the proof of the log.

use crate::api::Api;
use http::Method;
use portunus_app::audit::read_checkpoint;
use portunus_core::audit::note::VerifierKey;
use serde_json::{Value, json};

#[tokio::test]
async fn p12_an_export_has_the_log_and_what_proves_it() {
    let api = Api::new().await;
    api.agent("mayor").await;
    let shown = api.get("/api/v1/audit/key").await.is(200).json();
    let key: VerifierKey = shown["key"].as_str().unwrap().parse().unwrap();
    let note = shown["checkpoint"].as_str().unwrap();
    let checkpoint = read_checkpoint(note, &key).unwrap();
    assert_eq!(shown["size"].as_u64(), Some(checkpoint.size));
    let export = api.get("/api/v1/audit/export").await.is(200);
    assert_eq!(export.header("content-type"), "application/jsonl");
    let lines: Vec<Value> = export
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["log"]["size"].as_u64(), Some(checkpoint.size));
    let checkpoints: Vec<_> = lines
        .iter()
        .filter_map(|line| line["checkpoint"].as_str())
        .collect();
    assert_eq!(checkpoints.last(), Some(&note));
    let entries = lines.iter().filter(|line| line["entry"].is_object());
    assert_eq!(u64::try_from(entries.count()).ok(), Some(checkpoint.size));
    assert_eq!(lines.last().unwrap()["end"].as_u64(), Some(checkpoint.size));
    let later = "/api/v1/audit/export?since=2100-01-01T00:00:00Z";
    let none = api.get(later).await.is(200);
    assert!(!none.text.contains("\"entry\""), "{}", none.text);
    let refused = api.get("/api/v1/audit/export?since=soon").await.is(400);
    assert_eq!(refused.code(), "invalid_parameter");
}

#[tokio::test]
async fn what_happened_to_an_imported_agent_is_found_by_its_name() {
    let api = Api::new().await;
    let line = json!({"kind": "agent", "name": "clerk", "token_sha256": "5a".repeat(32)});
    let imported = api.post("/api/v1/import", json!({"lines": [line]})).await;
    assert!(imported.status.is_success(), "{}", imported.text);
    api.call(Method::DELETE, "/api/v1/agents/clerk", None)
        .await
        .is(200);
    let found = api.get("/api/v1/audit?subject=clerk").await.is(200).json();
    let items = found["items"].as_array().unwrap();
    let actions: Vec<_> = items.iter().map(|item| &item["action"]).collect();
    assert_eq!(actions, ["agent.deleted", "agent.imported"]);
}
