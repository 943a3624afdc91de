//! Heartbeats and statuses, as programs see them.

use crate::api::Api;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn beat(api: &Api, token: &str, body: Value) -> Value {
    let answer = api.call_as(token, Method::POST, "/api/v1/heartbeat", Some(body));
    answer.await.is(200).json()
}

#[tokio::test]
async fn an_agent_beats_and_is_shown_as_it_stands() {
    let api = Api::new().await;
    let token = api.agent("mayor").await;
    let shown = api.get("/api/v1/agents/mayor").await.is(200).json();
    assert_eq!(shown["status"], "provisioning");
    assert!(shown.get("last_seen_at").is_none(), "{shown}");
    let answer = beat(
        &api,
        &token,
        json!({"cadence": "45m", "note": "counting keys"}),
    )
    .await;
    assert_eq!(
        (&answer["status"], &answer["cadence"]),
        (&json!("online"), &json!("45m"))
    );
    let next = answer["next_beat_ms"].as_u64().unwrap();
    assert!((45 * 24_000..=45 * 60_000).contains(&next), "{next}");
    assert!(answer.get("renewed").is_none(), "a token is not renewed");
    let shown = api.get("/api/v1/agents/mayor").await.json();
    assert_eq!(shown["status"], "online");
    assert_eq!(
        (&shown["cadence"], &shown["note"]),
        (&json!("45m"), &json!("counting keys"))
    );
    assert_eq!(shown["last_heartbeat_at"], answer["now"]);
    let answer = beat(&api, &token, json!({"note": ""})).await;
    assert_eq!(answer["cadence"], "45m", "what was declared stays");
    let shown = api.get("/api/v1/agents/mayor").await.json();
    assert!(shown.get("note").is_none(), "{shown}");
    let unbound = beat(&api, &token, json!({"cadence": "0"})).await;
    assert_eq!(unbound["status"], "unmonitored");
    assert!(unbound.get("next_beat_ms").is_none(), "{unbound}");
}

#[tokio::test]
async fn p9_what_is_no_heartbeat_is_refused_and_is_a_sign_of_life_all_the_same() {
    let api = Api::new().await;
    let token = api.agent("mayor").await;
    for (body, code, detail) in [
        (
            json!({"cadence": "-5m"}),
            "invalid_body",
            "the field cadence is negative",
        ),
        (
            json!({"cadence": "31d"}),
            "invalid_body",
            "the field cadence is longer than 30d",
        ),
        (
            json!({"cadence": "99999999999999999999s"}),
            "invalid_body",
            "the field cadence is longer than 30d",
        ),
        (
            json!({"cadence": ""}),
            "invalid_body",
            "the field cadence is empty",
        ),
        (
            json!({"cadence": "10"}),
            "invalid_body",
            "the field cadence has no unit: s, m, h or d",
        ),
        (
            json!({"cadence": 600}),
            "invalid_body",
            "the field cadence must be a string",
        ),
        (
            json!({"note": "a\nb"}),
            "invalid_body",
            "the field note has a line break, or a character that is not seen or changes how others are seen",
        ),
        (
            json!({"status": "online"}),
            "invalid_body",
            "the field status must be left out: the plane computes it from what it hears",
        ),
        (
            json!({"agent": "judge"}),
            "unknown_field",
            "the field \"agent\" is not known here",
        ),
    ] {
        let answer = api.call_as(
            &token,
            Method::POST,
            "/api/v1/heartbeat",
            Some(body.clone()),
        );
        let answer = answer.await.is(400);
        assert_eq!(answer.code(), code, "{body}");
        assert_eq!(answer.json()["detail"], detail, "{body}");
    }
    let shown = api.get("/api/v1/agents/mayor").await.json();
    assert!(
        shown.get("last_heartbeat_at").is_none(),
        "none of them was a beat"
    );
    assert_eq!(
        shown["status"], "unmonitored",
        "but each was a sign of life"
    );
}

#[tokio::test]
async fn p6_only_an_agents_own_credential_beats() {
    let api = Api::new().await;
    let refused = api.post("/api/v1/heartbeat", json!({})).await.is(403);
    assert_eq!(refused.code(), "not_an_agent");
}

#[tokio::test]
async fn agents_are_listed_by_status() {
    let api = Api::new().await;
    for (name, cadence) in [("ant", "1m"), ("bee", "1h"), ("cat", "1m"), ("dog", "0")] {
        let token = api.agent(name).await;
        beat(&api, &token, json!({"cadence": cadence})).await;
    }
    api.agent("eel").await;
    for _ in 0..120 {
        api.clock.advance(Duration::from_secs(1));
        api.plane.liveness().look_up().await.unwrap();
    }
    let names = async |query: &str| -> Vec<String> {
        let page = api
            .get(&format!("/api/v1/agents{query}"))
            .await
            .is(200)
            .json();
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|agent| agent["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("").await, ["ant", "bee", "cat", "dog", "eel"]);
    assert_eq!(names("?status=offline").await, ["ant", "cat"]);
    assert_eq!(names("?status=online").await, ["bee"]);
    assert_eq!(names("?status=unmonitored").await, ["dog"]);
    assert_eq!(names("?status=provisioning").await, ["eel"]);
    let first = api
        .get("/api/v1/agents?status=offline&limit=1")
        .await
        .json();
    assert_eq!(first["items"][0]["name"], "ant");
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = format!("/api/v1/agents?status=offline&limit=1&cursor={cursor}");
    let second = api.get(&second).await.json();
    assert_eq!(second["items"][0]["name"], "cat");
    assert_eq!(second["next_cursor"], Value::Null);
    let refused = api.get("/api/v1/agents?status=dead").await.is(400);
    assert_eq!(refused.code(), "invalid_parameter");
    let status = api.get("/api/v1/status").await.json();
    assert_eq!(status["liveness"]["offline"], 2);
    assert_eq!(status["liveness"]["provisioning"], 1);
    let metrics = api.get("/metrics").await.is(200).text;
    assert!(
        metrics.contains("portunus_agents{status=\"offline\"} 2"),
        "{metrics}"
    );
    assert!(metrics.contains("portunus_heartbeats_total 4"), "{metrics}");
}

#[tokio::test]
async fn operators_pause_and_resume_agents() {
    let api = Api::new().await;
    let token = api.agent("mayor").await;
    beat(&api, &token, json!({"cadence": "1m"})).await;
    let paused = api
        .post("/api/v1/agents/mayor/pause", json!({}))
        .await
        .is(200)
        .json();
    assert_eq!(paused["status"], "paused");
    assert_eq!(beat(&api, &token, json!({})).await["status"], "paused");
    let resumed = api
        .post("/api/v1/agents/mayor/resume", json!({}))
        .await
        .is(200)
        .json();
    assert_eq!(resumed["status"], "online");
    let refused = api
        .post("/api/v1/agents/nobody/pause", json!({}))
        .await
        .is(404);
    assert_eq!(refused.code(), "not_found");
    let log = api.get("/api/v1/audit?action=agent.").await.json();
    let actions: Vec<&str> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["agent.resumed", "agent.paused", "agent.created"]);
}

#[tokio::test]
async fn p4_a_heartbeat_brings_the_successor_of_an_access_token_that_is_due() {
    let api = Api::new().await;
    let token = api.agent("mayor").await;
    let body = json!({"grant_type": "client_credentials"});
    let issued = api
        .call_as(&token, Method::POST, "/api/v1/token", Some(body))
        .await;
    let issued = issued.is(200).json();
    let mut access = issued["access_token"].as_str().unwrap().to_owned();
    assert!(
        beat(&api, &access, json!({}))
            .await
            .get("renewed")
            .is_none()
    );
    for _ in 0..20 {
        api.clock.advance(Duration::from_secs(340));
        let renewed = beat(&api, &access, json!({})).await["renewed"].clone();
        let lost = beat(&api, &access, json!({})).await["renewed"].clone();
        let claims = |renewed: &Value| {
            let text = renewed["access_token"].as_str().unwrap().to_owned();
            text.split('.').nth(1).unwrap().to_owned()
        };
        assert_eq!(
            claims(&renewed),
            claims(&lost),
            "a lost answer is given again"
        );
        let fresh = renewed["access_token"].as_str().unwrap().to_owned();
        assert!(beat(&api, &fresh, json!({})).await.get("renewed").is_none());
        // One that goes on with the old one for a moment is no thief.
        assert!(
            beat(&api, &access, json!({}))
                .await
                .get("renewed")
                .is_none()
        );
        access = fresh;
    }
}
