//! `/api/v1/sources`.

use crate::api::Api;
use serde_json::{Value, json};
use std::time::Duration;

async fn fail(api: &Api, peer: &str, times: usize) {
    for _ in 0..times {
        api.look_from(peer, "ptna_wrong", "/api/v1/whoami")
            .await
            .is(401);
    }
}

async fn listed(api: &Api) -> Vec<Value> {
    let list = api.get("/api/v1/sources").await.is(200).json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn sources_are_listed_with_their_penalties() {
    let api = Api::new().await;
    assert!(listed(&api).await.is_empty());
    fail(&api, "203.0.113.7", 10).await;
    fail(&api, "2001:db8:1:2::9", 1).await;
    let sources = listed(&api).await;
    assert_eq!(
        sources,
        [
            json!({
                "source": "203.0.113.7", "failures": 10,
                "last_failed_at": "2026-11-01T00:00:00.000Z",
                "penalised_until": "2026-11-01T00:05:00.000Z",
            }),
            json!({
                "source": "2001:db8:1::/48", "failures": 1,
                "last_failed_at": "2026-11-01T00:00:00.000Z",
            }),
            json!({
                "source": "2001:db8:1:2::/64", "failures": 1,
                "last_failed_at": "2026-11-01T00:00:00.000Z",
            }),
        ]
    );
    api.clock.advance(Duration::from_secs(60));
    assert_eq!(listed(&api).await.len(), 1);
    api.clock.advance(Duration::from_secs(240));
    assert!(listed(&api).await.is_empty());
}

#[tokio::test]
async fn the_list_is_paged() {
    let api = Api::new().await;
    for last in 1..=5 {
        fail(&api, &format!("203.0.113.{last}"), 1).await;
    }
    let first = api.get("/api/v1/sources?limit=3").await.is(200).json();
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = api
        .get(&format!("/api/v1/sources?limit=3&cursor={cursor}"))
        .await;
    let rest = rest.is(200).json();
    assert_eq!(rest["items"][0]["source"], "203.0.113.4");
    assert!(rest["next_cursor"].is_null());
    let strange = api.get("/api/v1/sources?cursor=agents.mayor").await.is(400);
    assert_eq!(strange.code(), "bad_cursor");
}

#[tokio::test]
async fn clear_ends_a_penalty_and_is_recorded() {
    let api = Api::new().await;
    fail(&api, "2001:db8:1:2::9", 10).await;
    let path = "/api/v1/sources/2001:db8:1:2::%2F64/clear";
    let cleared = api.post(path, json!({})).await.is(200).json();
    let names: Vec<&Value> = cleared["cleared"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| &source["source"])
        .collect();
    assert_eq!(names, ["2001:db8:1::/48", "2001:db8:1:2::/64"]);
    assert!(listed(&api).await.is_empty());
    let log = api.get("/api/v1/audit?action=source.").await.is(200).json();
    assert_eq!(log["items"][0]["action"], "source.cleared");
    assert_eq!(log["items"][0]["subject"], "2001:db8:1:2::/64");
    let again = api.post(path, json!({})).await.is(404);
    assert_eq!(again.code(), "not_found");
    let strange = api.post("/api/v1/sources/mayor/clear", json!({})).await;
    assert_eq!(strange.is(404).code(), "not_found");
}

#[tokio::test]
async fn an_address_means_its_source() {
    let api = Api::new().await;
    fail(&api, "::ffff:203.0.113.7", 10).await;
    api.post("/api/v1/sources/203.0.113.7/clear", json!({}))
        .await
        .is(200);
    assert!(listed(&api).await.is_empty());
}
